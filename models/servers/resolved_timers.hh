// When systemd's event loop wakes for a timer. It lets one be up to 250 ms late, so that the machine wakes
// seldom: all of a machine's timers go off at the same point of each 250 ms, which is drawn from its boot id.
// A timer that is due already goes off sooner where anything else wakes the loop; of several the one that is
// due last then goes first, as a heap without its root has it, and as was measured of two and of three.
// Source: systemd 252, sleep_between(), event_arm_timer() and process_timer() in
// src/libsystemd/sd-event/sd-event.c.
#pragma once

#include <algorithm>
#include <chrono>
#include <vector>

#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/servers/doorbell.hh"

namespace hanglab::servers {

constexpr Duration until_it_runs = std::chrono::microseconds(50);  // once its timer has gone off

// When a timer goes off that nothing else wakes the loop for. `phase`: the point within each 250 ms.
inline TimePoint timer_point(TimePoint due, Duration phase) {
  constexpr Duration accuracy = std::chrono::milliseconds(250);  // DEFAULT_ACCURACY_USEC
  const auto since = (due.time_since_epoch() - phase).count();
  const auto points = since <= 0 ? 0 : (since + accuracy.count() - 1) / accuracy.count();
  return TimePoint(phase + points * accuracy);
}

class ResolvedTimers {
 public:
  ResolvedTimers(posix::Posix& os, Duration phase) : os_(os), phase_(phase) {}

  posix::Task<bool> sleep_until(TimePoint due) {
    co_return co_await posix::first(sleep_to_point(due), be_woken(due));
  }

  // The loop was woken by something else.
  void wake() {
    const TimePoint now = os_.now();
    for (;;) {
      Sleeper* next = nullptr;
      for (Sleeper* one : sleepers_)
        if (one->due <= now && (next == nullptr || one->due > next->due)) next = one;
      if (next == nullptr) return;
      std::erase(sleepers_, next);
      next->bell.ring();
    }
  }

 private:
  struct Sleeper {
    TimePoint due;
    Doorbell bell{};
  };

  posix::Task<bool> sleep_to_point(TimePoint due) {
    const TimePoint point = timer_point(due, phase_);
    const Duration wait = std::max(point - os_.now(), Duration(0)) + until_it_runs;
    co_await os_.work(wait, 0);  // a timerfd, without the slack of poll(2)
    co_return true;
  }

  posix::Task<bool> be_woken(TimePoint due) {
    struct Listed {
      ResolvedTimers& timers;
      Sleeper sleeper;
      explicit Listed(ResolvedTimers& its, TimePoint at) : timers(its), sleeper{.due = at} {
        timers.sleepers_.push_back(&sleeper);
      }
      Listed(const Listed&) = delete;
      Listed& operator=(const Listed&) = delete;
      ~Listed() { std::erase(timers.sleepers_, &sleeper); }
    } listed(*this, due);
    co_await listed.sleeper.bell;
    co_return true;
  }

  posix::Posix& os_;
  Duration phase_;
  std::vector<Sleeper*> sleepers_;
};

}  // namespace hanglab::servers
