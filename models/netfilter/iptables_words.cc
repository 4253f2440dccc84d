#include "models/netfilter/iptables_words.hh"

#include <algorithm>

namespace hanglab::kernel {

namespace {

constexpr std::string_view blanks = " \t\r";

Location moved(Location at, std::size_t columns) {
  at.column += static_cast<int>(columns);
  return at;
}

// Reads the word that begins at `position` and moves it past the word.
Word read_word(std::string_view line, std::size_t& position, const Location& line_start) {
  Word word{.text = {}, .at = moved(line_start, position)};
  char quote = 0;
  std::size_t opened = 0;
  for (; position < line.size(); ++position) {
    const char c = line[position];
    if (quote == 0 && blanks.find(c) != std::string_view::npos) break;
    if (c == '\\' && quote != '\'' && position + 1 < line.size()) {
      word.text += line[++position];
    } else if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
      opened = position;
    } else if (c == quote) {
      quote = 0;
    } else {
      word.text += c;
    }
  }
  if (quote != 0) throw InputError(moved(line_start, opened), std::string("no closing ") + quote);
  return word;
}

void append_words(std::string_view line, const Location& line_start, std::vector<Word>& words) {
  for (std::size_t position = 0; position < line.size();) {
    position = line.find_first_not_of(blanks, position);
    if (position == std::string_view::npos || line[position] == '#') return;
    words.push_back(read_word(line, position, line_start));
  }
}

}  // namespace

std::vector<Line> split_lines(std::string_view text, const Location& where) {
  std::vector<Line> lines;
  Location at{.file = where.file, .line = std::max(where.line, 1), .column = std::max(where.column, 1)};
  bool continued = false;
  while (!text.empty()) {
    const auto length = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, length);
    text.remove_prefix(std::min(length + 1, text.size()));
    if (!continued) lines.emplace_back();
    continued = line.ends_with('\\');
    if (continued) line.remove_suffix(1);
    append_words(line, at, lines.back().words);
    lines.back().end = moved(at, line.size());
    ++at.line;
  }
  std::erase_if(lines, [](const Line& line) { return line.words.empty(); });
  return lines;
}

void fail(const Word& word, const std::string& problem) { throw InputError(word.at, problem); }

}  // namespace hanglab::kernel
