// The summary as a table for a terminal or a text file: plain text in aligned columns, below each row why.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "analysis/summary.hh"

namespace hanglab::analysis {

// The columns for scenario and call are left out where there is only one. Of each row the `ways_shown` most
// frequent ways are explained, of the others it says how many they are.
std::string table(std::span<const SummaryRow> rows, std::size_t ways_shown = 4);

}  // namespace hanglab::analysis
