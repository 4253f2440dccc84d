#include "scenario/units.hh"

#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;
using namespace std::chrono_literals;

namespace {
const Location here{"x.yaml", 1, 1};
}

TEST_CASE("durations are exact to the nanosecond") {
  CHECK(read_duration("1ns", here) == 1ns);
  CHECK(read_duration("30us", here) == 30us);
  CHECK(read_duration("0.1ms", here) == 100'000ns);
  CHECK(read_duration("130.902843s", here) == 130'902'843us);
  CHECK(read_duration("2 min", here) == 120s);
  CHECK(read_duration("0.5h", here) == 30min);
  CHECK(read_duration("0s", here) == 0s);
  CHECK(read_duration("10000h", here) == 10000h);
}

TEST_CASE("rates count in powers of 1000") {
  CHECK(read_rate("10Gbps", here) == 10'000'000'000);
  CHECK(read_rate("1.5 Mbps", here) == 1'500'000);
  CHECK(read_rate("56kbps", here) == 56'000);
  CHECK(read_rate("1bps", here) == 1);
}

TEST_CASE("shares are percent") {
  CHECK(read_share("2%", here) == 0.02);
  CHECK(read_share("0.001%", here) == 0.00001);
  CHECK(read_share("100%", here) == 1.0);
}

TEST_CASE("what is no quantity is refused") {
  const auto duration = [](const std::string& text) {
    return complaint_of([&] { read_duration(text, here); });
  };
  CHECK(duration("0") == "x.yaml:1:1: '0' is not a duration: its unit is missing (ns, us, ms, s, min, h)");
  CHECK(duration("-1s") ==
        "x.yaml:1:1: '-1s' is not a duration: a number and its unit are wanted, as in 30us");
  CHECK(duration("1.s") ==
        "x.yaml:1:1: '1.s' is not a duration: a number and its unit are wanted, as in 30us");
  CHECK(duration("") == "x.yaml:1:1: '' is not a duration: a number and its unit are wanted, as in 30us");
  CHECK(duration("0.5ns") == "x.yaml:1:1: '0.5ns' is not a duration: too large or too fine");
  CHECK(duration("10001h") == "x.yaml:1:1: '10001h' is not a duration: too large or too fine");
  CHECK(duration("99999999999999999999s") ==
        "x.yaml:1:1: '99999999999999999999s' is not a duration: too large or too fine");
  CHECK(complaint_of([] { read_rate("0bps", here); }) ==
        "x.yaml:1:1: nothing passes at a rate of 0; leave 'rate' out for a wire of any speed");
}

TEST_CASE("whole numbers keep to their range") {
  CHECK(read_whole("127", 1, 127, here) == 127);
  CHECK(read_whole("-5", -10, 10, here) == -5);
  for (const std::string text : {"0", "128", "6.0", "--5", "+5", "six", "", "5 "}) {
    CAPTURE(text);
    CHECK(complaint_of([&] { read_whole(text, 1, 127, here); }) ==
          "x.yaml:1:1: '" + text + "' is not a whole number from 1 to 127");
  }
}
