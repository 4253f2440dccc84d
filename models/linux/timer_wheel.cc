#include "models/linux/timer_wheel.hh"

namespace hanglab::kernel {

namespace {

constexpr int levels = 9;  // LVL_DEPTH for HZ > 100

// Level l takes delays below 63 << 3l; what even the last level cannot hold is cut to it.
int level_of(Jiffies delay) {
  int level = 0;
  while (level < levels - 1 && delay >= (Jiffies(63) << (3 * level))) ++level;
  return level;
}

}  // namespace

Jiffies wheel_expiry(Jiffies now, Jiffies delay) {
  const int shift = 3 * level_of(delay);
  return (((now + delay) >> shift) + 1) << shift;
}

TimePoint TickClock::expiry(TimePoint now, Jiffies delay) const {
  return start_of(wheel_expiry(jiffies(now), delay));
}

}  // namespace hanglab::kernel
