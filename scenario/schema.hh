// The form of a scenario file: which keys stand where, and what shape their values have. Checked
// before anything is read, so that readers meet only known keys of the right shape; and followed by
// `--set`, so that a path can name a key that the file leaves out. What each key means:
// docs/scenario-format.md. Errors: InputError.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenario/value.hh"

namespace hanglab::scenario {

enum class Shape {
  text,      // a number with its unit, a name, a block of text
  texts,     // one text, or a list of them
  list,      // of `item`
  record,    // a map with `fields`
  named,     // a map from names that the user chooses to `item`
  settings,  // a map from names that a real system defines to texts; its keys may hold dots
};

struct Schema;

struct Field {
  std::string key;
  const Schema* schema;
  bool required = false;
};

struct Schema {
  Shape shape;
  std::vector<Field> fields{};
  const Schema* item = nullptr;

  const Field* field(std::string_view key) const;
  std::vector<std::string> keys() const;
};

const Schema& scenario_schema();

void check_shape(const Value& value, const Schema& schema);

}  // namespace hanglab::scenario
