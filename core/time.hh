// The lab's one notion of time. Every model is handed the time; none reads a clock, so `LabClock`
// has no now(). Resolution: one nanosecond, as in a nanosecond capture.
#pragma once

#include <chrono>

namespace hanglab {

using Duration = std::chrono::nanoseconds;

struct LabClock {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<LabClock>;
  static constexpr bool is_steady = true;
};

using TimePoint = LabClock::time_point;

// For printing and statistics only; inside the lab a duration stays a Duration.
constexpr double to_seconds(Duration d) { return std::chrono::duration<double>(d).count(); }

}  // namespace hanglab
