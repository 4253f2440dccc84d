#include "core/duration_histogram.hh"

#include <catch2/catch.hpp>

namespace hanglab {

using namespace std::chrono_literals;

TEST_CASE("Short durations are told to the nanosecond, long ones to a 64th") {
  DurationHistogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.add(Duration(i));
  CHECK(histogram.count() == 100);
  CHECK(histogram.percentile(50) == 50ns);
  CHECK(histogram.percentile(99) == 99ns);
  CHECK(histogram.worst() == 100ns);
  histogram.add(3s);
  CHECK(histogram.percentile(100) == 3s);
  DurationHistogram longer;
  for (int i = 1; i <= 1000; ++i) longer.add(i * 1us);
  CHECK(longer.percentile(50) >= 500us);
  CHECK(longer.percentile(50) < 500us + 500us / 64);
}

TEST_CASE("An error of timing that is early is as bad as one that is late") {
  DurationHistogram histogram;
  histogram.add(-7us);
  CHECK(histogram.worst() == 7us);
  CHECK(DurationHistogram().percentile(99) == 0ns);
}

TEST_CASE("Each bucket is told by its upper end, up to three centuries") {
  for (const Duration value :
       {0ns, 1ns, 127ns, 128ns, 129ns, 1000ns, Duration(1'234'567'891), Duration::max()}) {
    DurationHistogram histogram;
    histogram.add(Duration::max());
    histogram.add(value);
    const auto told = histogram.percentile(50);
    CHECK(told >= value);
    CHECK(told - value <= value / 64);
  }
}

}  // namespace hanglab
