#include "scenario/value.hh"

#include <algorithm>

namespace hanglab::scenario {

const Entry* Value::entry(std::string_view key) const {
  const auto found = std::ranges::find(entries, key, &Entry::key);
  return found == entries.end() ? nullptr : &*found;
}

const Value* Value::find(std::string_view key) const {
  const Entry* found = entry(key);
  return found ? &found->value : nullptr;
}

const std::string* Value::text_of(std::string_view key) const {
  const Value* value = find(key);
  return value ? &value->text : nullptr;
}

}  // namespace hanglab::scenario
