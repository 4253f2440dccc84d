// The words of a command line, each with its place: quotes and backslashes as a shell and iptables-restore
// take them, and a comment from a word that begins with '#'. Nothing is expanded.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/error.hh"

namespace hanglab::kernel {

struct Word {
  std::string text;
  Location at;
};

struct Line {
  std::vector<Word> words;
  Location end;  // just past the last character
};

// The lines that hold words, a line that ends in a backslash joined with the next. `where` is the place of
// the first character; lines after the first begin in the same column.
std::vector<Line> split_lines(std::string_view text, const Location& where);

[[noreturn]] void fail(const Word& word, const std::string& problem);

}  // namespace hanglab::kernel
