// `--set path=value`: one value of the scenario replaced before it is checked.
// A path is keys and list indexes joined by dots. Keys hold dots themselves, so at each map the
// longest key that fits wins, among those that stand there and those that the form knows; a key that
// the file leaves out is added. Where the form wants text the value is taken as it is, unless it
// begins with a quote (then YAML's quoting says what it holds, "\n" included); everywhere else
// it is YAML. Errors: InputError, which quotes the argument instead of a line.
#pragma once

#include <string>

#include "scenario/schema.hh"
#include "scenario/value.hh"

namespace hanglab::scenario {

void apply_override(Value& root, const Schema& schema, const std::string& argument);

}  // namespace hanglab::scenario
