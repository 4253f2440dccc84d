// The word somebody may have meant: the nearest of the known ones by optimal string alignment, that
// is counting insertions, deletions, replacements and swapped neighbours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hanglab::scenario {

// The last of equals: where versions ascend, the newest. Nothing where even the nearest differs in more than
// a third of the word (but at least 2) letters.
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& known);

// "; nearest is 'sysctls'", or where nothing is near: "; known: a, b, c", or "" without known words.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace hanglab::scenario
