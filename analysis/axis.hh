// Time axes for pictures: which range to show, whether in logarithmic steps, where the labelled ticks stand.
// Numbers here are seconds as gnuplot will read them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/time.hh"

namespace hanglab::analysis {

struct TimeAxis {
  bool logarithmic = false;
  double from = 0;
  double to = 1;
  std::string unit{};                                   // of a linear axis: "seconds"
  std::vector<std::pair<double, std::string>> ticks{};  // with their labels; logarithmic: "10 ms"
  std::vector<double> minor_ticks{};

  // Where a time stands on the axis: 0 at its left end, 1 at its right; earlier and later times at the ends.
  double position(double seconds) const;
};

// For values between the two: logarithmic where they span more than two decades; else linear, from zero
// unless all the values lie close together far from it.
TimeAxis value_axis(Duration shortest, Duration longest);

// For a course of events from zero to `end`, the first of them after `first`: logarithmic where that is less
// than a fiftieth of the whole. Zero then stands at the left end.
TimeAxis course_axis(Duration first, Duration end);

}  // namespace hanglab::analysis
