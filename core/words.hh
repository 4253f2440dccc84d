// A line's words, as configuration files part them.
#pragma once

#include <string_view>
#include <vector>

namespace hanglab {

// What stands between runs of blanks; none of them is empty.
std::vector<std::string_view> words_of(std::string_view text, std::string_view blanks);

}  // namespace hanglab
