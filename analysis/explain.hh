// Why a lookup took as long as it did, in one line composed from its attempts:
//   UDP answer truncated (497 of 4113 bytes), TCP connect timed out after 7 SYNs, 130.4 s
// Equal attempts in a row are counted, rounds of attempts too ("…, 6 times over"), and servers are named
// where there is more than one.
#pragma once

#include <string>

#include "core/lookup.hh"

namespace hanglab::analysis {

std::string explain(const Lookup& lookup);

}  // namespace hanglab::analysis
