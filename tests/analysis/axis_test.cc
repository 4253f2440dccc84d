#include "analysis/axis.hh"

#include <catch2/catch.hpp>

namespace hanglab::analysis {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Hangs of 128.3 to 132.4 s get an axis of 127 to 134 s, a tick each second") {
  const auto axis = value_axis(128'300ms, 132'400ms);
  CHECK_FALSE(axis.logarithmic);
  CHECK(axis.from == Approx(127));
  CHECK(axis.to == Approx(133));
  CHECK(axis.unit == "seconds");
  REQUIRE(axis.ticks.size() == 7);
  CHECK(axis.ticks[0].second == "127");
  CHECK(axis.ticks[6].second == "133");
}

TEST_CASE("Hangs of 3 ms to 130 s get a logarithmic axis of 1 ms to 200 s") {
  const auto axis = value_axis(3ms, 130s);
  CHECK(axis.logarithmic);
  CHECK(axis.from == Approx(0.001));
  CHECK(axis.to == Approx(200));
  std::vector<std::string> labels;
  for (const auto& [at, label] : axis.ticks) labels.push_back(label);
  CHECK(labels == std::vector<std::string>{"1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"});
  CHECK(axis.position(0.001) == Approx(0));
  CHECK(axis.position(0) == 0);
  CHECK(axis.position(200) == Approx(1));
  CHECK(axis.position(0.1) == Approx(2 / 5.30103));  // decades
}

TEST_CASE("Hangs of 2 to 9 ms get an axis from zero in milliseconds") {
  const auto axis = value_axis(2ms, 9ms);
  CHECK_FALSE(axis.logarithmic);
  CHECK(axis.from == 0);
  CHECK(axis.to == Approx(0.010));
  CHECK(axis.unit == "milliseconds");
  CHECK(axis.ticks[1].second == "2");
}

TEST_CASE("A single hang, of whatever length, stands inside its axis") {
  for (const Duration hang : {Duration(0), Duration(1), Duration(310us), Duration(130s), Duration(10h)}) {
    const auto axis = value_axis(hang, hang);
    INFO(hang.count() << " ns");
    CHECK(axis.from < axis.to);
    CHECK(axis.from <= to_seconds(hang));
    CHECK(axis.to > to_seconds(hang));
    CHECK(axis.ticks.size() >= 2);
    CHECK(axis.ticks.size() <= 12);
  }
}

TEST_CASE("The course of a lookup is linear for 5 + 5 s and logarithmic for 0.31 ms + 130 s") {
  CHECK_FALSE(course_axis(5s, 10s).logarithmic);
  CHECK(course_axis(5s, 10s).from == 0);
  const auto incident = course_axis(310us, 130s);
  CHECK(incident.logarithmic);
  CHECK(incident.from == Approx(0.0001));
  CHECK(incident.ticks.front().second == "100 µs");
  CHECK(incident.to > 130);
  CHECK(course_axis(0s, 0s).to > 0);
}

}  // namespace
}  // namespace hanglab::analysis
