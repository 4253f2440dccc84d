#include "scenario/suggest.hh"

#include <algorithm>
#include <cctype>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace hanglab::scenario {

namespace {

constexpr std::size_t step = 2;  // a letter in the wrong case is half a step

bool same_but_case(unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); }

std::size_t replacement(char a, char b) {
  if (a == b) return 0;
  return same_but_case(static_cast<unsigned char>(a), static_cast<unsigned char>(b)) ? step / 2 : step;
}

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last;
  std::vector<std::size_t> last(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j * step;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::vector<std::size_t> row(b.size() + 1, i * step);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = last[j - 1] + replacement(a[i - 1], b[j - 1]);
      row[j] = std::min({last[j] + step, row[j - 1] + step, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + step);
    }
    before_last = std::exchange(last, std::move(row));
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known) {
  std::optional<std::string> best;
  std::size_t least = step * std::max<std::size_t>(2, word.size() / 3);
  for (const auto& candidate : known) {
    const auto far = distance(word, candidate);
    if (far > least || far >= step * std::max(word.size(), candidate.size())) continue;
    least = far;
    best = candidate;
  }
  return best;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& known) {
  if (const auto best = nearest(word, known)) return fmt::format("; nearest is '{}'", *best);
  if (known.empty()) return {};
  return fmt::format("; known: {}", fmt::join(known, ", "));
}

}  // namespace hanglab::scenario
