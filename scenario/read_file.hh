// A whole file as text. Errors: InputError at `where`, with the system's reason.
#pragma once

#include <filesystem>
#include <string>

#include "core/error.hh"

namespace hanglab::scenario {

// `problem` begins the message: "cannot read topologies/default.addnhosts".
std::string read_file(const std::filesystem::path& file, const Location& where, const std::string& problem);

}  // namespace hanglab::scenario
