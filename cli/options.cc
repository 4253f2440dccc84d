#include "cli/options.hh"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <iostream>

#include "core/error.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

std::optional<po::variables_map> read_words(Synopsis& synopsis, const Words& words) {
  synopsis.options.add_options()("help,h", "explain this verb");
  po::options_description all;
  all.add(synopsis.options).add(synopsis.operands);
  po::variables_map values;
  try {
    const std::vector<std::string> rest(words.begin() + 1, words.end());
    po::store(po::command_line_parser(rest).options(all).positional(synopsis.order).run(), values);
    if (values.count("help") > 0) {
      std::cout << "Usage: hanglab " << synopsis.usage << "\n\n"
                << synopsis.purpose << "\n\n"
                << synopsis.options;
      return {};
    }
    po::notify(values);
  } catch (const po::error& error) {
    throw InputError(fmt::format("{}: {}; see `hanglab {} --help`", words[0], error.what(), words[0]));
  }
  return values;
}

std::string command_line(const Words& words) {
  std::string line = "hanglab";
  for (const std::string& word : words) {
    const bool plain = !word.empty() && word.find_first_not_of(
                                            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                            "0123456789_-./=:,%+@") == std::string::npos;
    line += ' ';
    if (plain) {
      line += word;
      continue;
    }
    line += '\'';
    for (const char c : word) line += c == '\'' ? std::string("'\\''") : std::string(1, c);
    line += '\'';
  }
  return line;
}

}  // namespace hanglab::cli
