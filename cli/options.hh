// Reading a verb's words with Boost.Program_options, so that every verb answers --help alike and every
// mistake reads alike.
#pragma once

#include <boost/program_options.hpp>

#include <optional>
#include <string>

#include "cli/verbs.hh"

namespace hanglab::cli {

struct Synopsis {
  std::string usage;    // "run SCENARIO [options]"
  std::string purpose;  // a sentence or two
  boost::program_options::options_description options{"Options"};
  boost::program_options::options_description operands{};  // positional, not shown
  boost::program_options::positional_options_description order{};
};

// Nothing when --help was asked for and has been printed. Throws InputError on a bad word.
std::optional<boost::program_options::variables_map> read_words(Synopsis& synopsis, const Words& words);

std::string command_line(const Words& words);  // as one could type it again

}  // namespace hanglab::cli
