#include "models/linux/timer_wheel.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::kernel;
using namespace std::chrono_literals;

// A timer of d ticks armed at tick n fires at the end of the bucket that n + d lies in. Buckets are one
// tick wide below 63 ticks of delay, then 8, 64, 512 …
TEST_CASE("A timer below 63 ticks fires one tick after its expiry", "[timer]") {
  CHECK(wheel_expiry(0, 1) == 2);
  CHECK(wheel_expiry(1000, 62) == 1063);
}

TEST_CASE("From 63 ticks on, an expiry is rounded up to the next bucket", "[timer]") {
  struct Row {
    Jiffies now, delay, fires;
  };
  const Row rows[] = {
      {0, 63, 64},          // buckets of 8: 63 lies in [56, 64)
      {1, 63, 72},          // 64 lies in [64, 72)
      {0, 250, 256},        // one second at HZ=250
      {7, 250, 264},        // 257 lies in [256, 264)
      {0, 503, 504},        // the last delay of buckets of 8
      {0, 504, 512},        // buckets of 64
      {0, 16000, 16384},    // 64 s at HZ=250: buckets of 512 ticks, two seconds
      {384, 16000, 16896},  // 16384 begins the next bucket
      {0, 64000, 65536},    // 64 s at HZ=1000: buckets of 4096 ticks, four seconds
  };
  for (const Row& row : rows) {
    CAPTURE(row.now, row.delay);
    CHECK(wheel_expiry(row.now, row.delay) == row.fires);
  }
}

TEST_CASE("A clock of 250 Hz has ticks of 4 ms from its phase on", "[timer]") {
  const TickClock clock(250, 3ms);
  CHECK(clock.jiffies(TimePoint(0ms)) == 0);
  CHECK(clock.jiffies(TimePoint(1ms)) == 1);
  CHECK(clock.start_of(1) == TimePoint(1ms));
  CHECK(clock.to_jiffies(1s) == 250);
  CHECK(clock.to_jiffies(200ms + 1us) == 51);
  CHECK(clock.expiry(TimePoint(0ms), 250) == TimePoint(256 * 4ms - 3ms));
}
