// A YAML document as a tree that remembers where each value stands, so that every complaint about a
// scenario can name its place. Scalars stay text until somebody who knows their meaning reads them:
// the version 4.10 is not the number 4.1. Stricter than YAML 1.2 where YAML lets mistakes through:
// a key given twice, a tag and a second document are refused. Errors: InputError.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hh"

namespace hanglab::scenario {

struct Entry;

struct Value {
  enum class Kind { nothing, text, list, map };

  Kind kind = Kind::nothing;
  Location where{};
  std::string text{};
  Location text_where{};  // where the first character of `text` stands: below the `|` of a block
  std::vector<Value> items{};
  std::vector<Entry> entries;  // in the order of the file

  // In a map; nullptr when absent.
  const Entry* entry(std::string_view key) const;
  const Value* find(std::string_view key) const;
  const std::string* text_of(std::string_view key) const;
};

struct Entry {
  std::string key;
  Location where;
  Value value;
};

// `file_name` is for messages.
Value parse_yaml(const std::string& text, const std::string& file_name);

// Text that parse_yaml() reads as an equal tree. Small maps and lists are written in one line.
std::string write_yaml(const Value& value);

}  // namespace hanglab::scenario
