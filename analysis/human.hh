// Durations as people write them in a report: "310 µs", "3.2 ms", "130.35 s".
#pragma once

#include <string>

#include "core/time.hh"

namespace hanglab::analysis {

// Seconds with `decimals` digits after the point, shorter times in milliseconds with one or, below one
// millisecond, in whole microseconds or nanoseconds.
std::string human(Duration time, int decimals = 2);

// Likewise, whole seconds without a point: "600 s". For times that somebody chose.
std::string human_round(Duration time);

}  // namespace hanglab::analysis
