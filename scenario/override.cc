#include "scenario/override.hh"

#include <charconv>
#include <string_view>

#include <fmt/format.h>

#include "scenario/suggest.hh"

namespace hanglab::scenario {

namespace {

// Where the walk stands: the value, what it should be, how the path up to here reads.
struct Step {
  Value* value;
  const Schema* schema;
  std::string_view path;
};

class Walk {
 public:
  explicit Walk(const std::string& argument)
      : argument_(argument), path_(std::string_view(argument).substr(0, argument.find('='))) {}

  Step to_target(Value& root, const Schema& schema) const {
    Step step{&root, &schema, {}};
    while (step.path.size() < path_.size()) step = next(step);
    return step;
  }

  Location where() const { return {.file = "--set " + argument_}; }
  std::string_view path() const { return path_; }

 private:
  std::string_view rest(const Step& step) const {
    return path_.substr(step.path.empty() ? 0 : step.path.size() + 1);
  }

  std::string_view path_with(const Step& step, std::size_t key_size) const {
    return path_.substr(0, path_.size() - rest(step).size() + key_size);
  }

  std::string_view title(const Step& step) const { return step.path.empty() ? "the scenario" : step.path; }

  static std::string_view first_word(std::string_view text) { return text.substr(0, text.find('.')); }

  // How much of `text` the key covers, if it is the text or all of it up to a dot.
  static std::size_t fit(std::string_view text, std::string_view key) {
    if (!text.starts_with(key)) return 0;
    return text.size() == key.size() || text[key.size()] == '.' ? key.size() : 0;
  }

  Step next(const Step& step) const {
    switch (step.value->kind) {
      case Value::Kind::list: return into_list(step);
      case Value::Kind::map: return into_map(step);
      case Value::Kind::nothing:
      case Value::Kind::text: break;
    }
    throw InputError(where(), fmt::format("{} has no keys, so no '{}' either", title(step), rest(step)));
  }

  Step into_list(const Step& step) const {
    const auto word = first_word(rest(step));
    auto& items = step.value->items;
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), index);
    if (error != std::errc{} || end != word.data() + word.size())
      throw InputError(where(),
                       fmt::format("{} is a list: a number from 0 is wanted, not '{}'", step.path, word));
    if (index >= items.size())
      throw InputError(where(), fmt::format("no {} in {}: it has {} of them, counted from 0", index,
                                            step.path, items.size()));
    return {&items[index], item_schema(step), path_with(step, word.size())};
  }

  static const Schema* item_schema(const Step& step) {
    static const Schema text{.shape = Shape::text};
    return step.schema->item ? step.schema->item : &text;
  }

  Step into_map(const Step& step) const {
    const auto left = rest(step);
    std::size_t longest = 0;
    Value* value = nullptr;
    const Schema* schema = nullptr;
    for (auto& entry : step.value->entries)
      if (const auto size = fit(left, entry.key); size > longest) {
        const Field* field = step.schema->field(entry.key);
        longest = size;
        value = &entry.value;
        schema = field ? field->schema : item_schema(step);
      }
    for (const auto& field : step.schema->fields)
      if (const auto size = fit(left, field.key); size > longest) {
        longest = size;
        value = nullptr;
        schema = field.schema;
      }
    if (longest == 0 && step.schema->shape == Shape::settings && !left.empty()) {
      longest = left.size();
      schema = item_schema(step);
    }
    if (longest == 0) throw unknown_key(step, left);
    const auto path = path_with(step, longest);
    if (!value) value = &add(*step.value, std::string(left.substr(0, longest)), *schema);
    return {value, schema, path};
  }

  Value& add(Value& map, std::string key, const Schema& schema) const {
    Value value{.kind = Value::Kind::text, .where = where(), .entries = {}};
    if (schema.shape == Shape::list || schema.shape == Shape::texts) value.kind = Value::Kind::list;
    if (schema.shape == Shape::record || schema.shape == Shape::named || schema.shape == Shape::settings)
      value.kind = Value::Kind::map;
    map.entries.push_back({.key = std::move(key), .where = where(), .value = std::move(value)});
    return map.entries.back().value;
  }

  InputError unknown_key(const Step& step, std::string_view left) const {
    std::vector<std::string> known = step.schema->keys();
    for (const auto& entry : step.value->entries)
      if (!step.schema->field(entry.key)) known.push_back(entry.key);
    // A known key may hold dots ("resolve.conf" for "resolv.conf"): try the whole rest as well.
    const auto whole = nearest(left, known);
    const auto word = whole ? left : first_word(left);
    return InputError(where(), fmt::format("no '{}' in {}{}", word, title(step), suggestion(word, known)));
  }

  const std::string& argument_;
  std::string_view path_;
};

Value read_value(const std::string& text, const Schema& schema, const Location& where) {
  const bool quoted = text.starts_with('"') || text.starts_with('\'');
  if (text.empty() || (schema.shape == Shape::text && !quoted))
    return {.kind = Value::Kind::text, .text = text, .entries = {}};
  return parse_yaml(text, where.file);
}

// Complaints quote the argument; a line of it means something only inside a text of many lines.
void place(Value& value, const Location& where) {
  value.where = where;
  value.text_where = {where.file, 1, 1};
  for (auto& item : value.items) place(item, where);
  for (auto& entry : value.entries) {
    entry.where = where;
    place(entry.value, where);
  }
}

}  // namespace

void apply_override(Value& root, const Schema& schema, const std::string& argument) {
  const auto equals = argument.find('=');
  const Walk walk(argument);
  if (equals == std::string::npos || equals == 0)
    throw InputError(walk.where(), "wanted as path=value, for example hosts.vm.kernel.hz=1000");
  const Step target = walk.to_target(root, schema);
  Value value = read_value(argument.substr(equals + 1), *target.schema, walk.where());
  place(value, walk.where());
  *target.value = std::move(value);
}

}  // namespace hanglab::scenario
