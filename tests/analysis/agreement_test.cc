// When two worlds agree, and when not.
#include "analysis/agreement.hh"

#include <catch2/catch.hpp>

#include "core/error.hh"

namespace hanglab::analysis {
namespace {

using namespace std::chrono_literals;

Lookup lookup(Duration duration, Outcome outcome = Outcome::answered, std::size_t addresses = 3) {
  return {.scenario = "s",
          .host = "vm",
          .client = "glibc-2.36",
          .call = "getaddrinfo",
          .name = "a.example",
          .duration = duration,
          .outcome = outcome,
          .error = outcome == Outcome::failed ? "EAI_AGAIN" : "",
          .addresses = outcome == Outcome::answered ? addresses : 0};
}

std::vector<Lookup> spread(int count, Duration from, Duration step, Outcome outcome = Outcome::answered) {
  std::vector<Lookup> lookups;
  for (int i = 0; i < count; ++i) lookups.push_back(lookup(from + i * step, outcome));
  return lookups;
}

Agreement only(std::vector<Lookup> simulated, std::vector<Lookup> real, Duration tolerance = 50ms) {
  const auto rows = compare(simulated, real, tolerance);
  REQUIRE(rows.size() == 1);
  return rows[0];
}

TEST_CASE("One real lookup agrees among the simulated ones and differs outside, or among the outermost 5 %") {
  const auto simulated = spread(200, 129s, 10ms);  // to 130.99 s
  CHECK(only(simulated, {lookup(130s)}).agree());
  CHECK(only(simulated, {lookup(130s + 900ms)}).agree());
  CHECK_FALSE(only(simulated, {lookup(130s + 990ms)}, 0ms).agree());
  CHECK_FALSE(only(simulated, {lookup(131s + 50ms)}).durations_agree());
  CHECK_FALSE(only(simulated, {lookup(10ms)}).durations_agree());
  CHECK(only(simulated, {lookup(10ms)}).p == Approx(2.0 / 201));
}

TEST_CASE("A shift within the tolerance is none, a wider spread is one") {
  const auto steady = spread(200, 18ms, 0ms);
  const auto row = only(steady, spread(20, 25ms, 1ms));
  CHECK(row.distance == 1);
  CHECK(row.tolerated_distance == 0);
  CHECK(row.agree());
  CHECK_FALSE(only(steady, spread(20, 25ms, 10ms)).durations_agree());
}

TEST_CASE("Outcome, error and the number of addresses are all part of an ending") {
  const auto simulated = spread(200, 1s, 0ms);
  CHECK_FALSE(only(simulated, {lookup(1s, Outcome::failed)}).endings_agree());
  CHECK_FALSE(only(simulated, {lookup(1s, Outcome::hung)}).endings_agree());
  CHECK_FALSE(only(simulated, {lookup(1s, Outcome::answered, 4)}).endings_agree());
  CHECK(only(simulated, {lookup(1s)}).endings_agree());
}

TEST_CASE("Where chance decides, shares are compared") {
  auto simulated = spread(700, 1s, 0ms);
  const auto failed = spread(300, 1s, 0ms, Outcome::failed);
  simulated.insert(simulated.end(), failed.begin(), failed.end());
  const auto real = [](int answered, int failures) {
    auto lookups = spread(answered, 1s, 0ms);
    const auto more = spread(failures, 1s, 0ms, Outcome::failed);
    lookups.insert(lookups.end(), more.begin(), more.end());
    return lookups;
  };
  CHECK(only(simulated, real(72, 28)).agree());
  CHECK(only(simulated, real(64, 36)).agree());
  CHECK_FALSE(only(simulated, real(52, 48)).endings_agree());
  CHECK_FALSE(only(simulated, real(100, 0)).endings_agree());
}

TEST_CASE("Many hosts that ask the same share a row, few have one each") {
  std::vector<Lookup> lookups;
  for (const char* host : {"vm-1", "vm-2", "vm-3"}) {
    lookups.push_back(lookup(1s));
    lookups.back().host = host;
  }
  CHECK(compare(lookups, lookups, 0ms, 3).size() == 3);
  const auto shared = compare(lookups, lookups, 0ms, 2);
  REQUIRE(shared.size() == 1);
  CHECK(shared[0].host == "3 hosts");
  CHECK(shared[0].real.size() == 3);
}

TEST_CASE("Lookups that one side lacks cannot be compared") {
  auto other = lookup(1s);
  other.client = "musl-1.2.3";
  CHECK_THROWS_AS(compare(std::vector{lookup(1s)}, std::vector{other}, 0ms), Error);
}

}  // namespace
}  // namespace hanglab::analysis
