#include "replay/send/timing_error.hh"

#include <catch2/catch.hpp>

namespace hanglab::replay {

using namespace std::chrono_literals;

TEST_CASE("Small errors are told to the nanosecond, large ones to a 64th") {
  TimingError error;
  for (int i = 1; i <= 100; ++i) error.add(Duration(i));
  CHECK(error.count() == 100);
  CHECK(error.percentile(50) == 50ns);
  CHECK(error.percentile(99) == 99ns);
  CHECK(error.worst() == 100ns);
  error.add(3s);
  CHECK(error.percentile(100) == 3s);
  TimingError large;
  for (int i = 1; i <= 1000; ++i) large.add(i * 1us);
  CHECK(large.percentile(50) >= 500us);
  CHECK(large.percentile(50) < 500us + 500us / 64);
}

TEST_CASE("Too early is as bad as too late") {
  TimingError error;
  error.add(-7us);
  CHECK(error.worst() == 7us);
  CHECK(TimingError().percentile(99) == 0ns);
}

TEST_CASE("Each bucket is told by its upper end, up to three centuries") {
  for (const Duration value :
       {0ns, 1ns, 127ns, 128ns, 129ns, 1000ns, Duration(1'234'567'891), Duration::max()}) {
    TimingError error;
    error.add(Duration::max());
    error.add(value);
    const auto told = error.percentile(50);
    CHECK(told >= value);
    CHECK(told - value <= value / 64);
  }
}

}  // namespace hanglab::replay
