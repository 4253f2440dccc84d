// Linux kernel timers: a hierarchical wheel whose granularity grows with the delay. An expiry is
// rounded up to the next bucket, which is why a SYN timer of 64 s fires up to two seconds late.
// Delays are in jiffies of 1/HZ s; the phase says where in the tick counter a run began, and is the
// only randomness of a kernel timer.
// Source: Linux kernel/time/timer.c (calc_wheel_index, LVL_*), 4.8 to 6.18.
#pragma once

#include <cstdint>

#include "core/time.hh"

namespace hanglab::kernel {

using Jiffies = std::int64_t;

class TickClock {
 public:
  // The phase is the age of the tick counter at the lab's time zero.
  explicit TickClock(int hz = 250, Duration phase = {})
      : tick_(Duration(std::chrono::seconds(1)) / hz), phase_(phase) {}

  Duration tick() const { return tick_; }
  Jiffies jiffies(TimePoint at) const { return (at.time_since_epoch() + phase_) / tick_; }
  TimePoint start_of(Jiffies jiffies) const { return TimePoint(jiffies * tick_ - phase_); }

  // A timeout of the kernel's own in jiffies, rounded up as msecs_to_jiffies and usecs_to_jiffies do.
  Jiffies to_jiffies(Duration timeout) const { return (timeout + tick_ - Duration(1)) / tick_; }

  // When a timer of `delay` jiffies, armed at `now`, runs.
  TimePoint expiry(TimePoint now, Jiffies delay) const;

 private:
  Duration tick_;
  Duration phase_;
};

// The tick at which a timer armed at tick `now` for `delay` ticks runs.
Jiffies wheel_expiry(Jiffies now, Jiffies delay);

// Phases beyond this many ticks are alike: eight levels of eight buckets each.
constexpr Jiffies wheel_period = Jiffies(1) << (3 * 8);

}  // namespace hanglab::kernel
