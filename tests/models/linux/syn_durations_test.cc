// The distribution of connect() into a DROP rule: the model against real kernels. Each file holds 300 real
// durations (kernel 6.18, HZ=250); the model's come from as many random phases of the tick counter.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "analysis/statistics.hh"
#include "core/random.hh"
#include "tests/models/linux/tcp_timeline.hh"

using namespace hanglab;
using namespace hanglab::tests;

namespace {

std::vector<Duration> measured(const std::string& file) {
  std::ifstream in("tests/captures/syn-timers/" + file);
  REQUIRE(in);
  std::vector<Duration> durations;
  for (const auto& [seconds, error] : nlohmann::json::parse(in).get<std::vector<std::pair<double, int>>>()) {
    CHECK(error == ETIMEDOUT);
    durations.push_back(Duration(std::llround(seconds * 1e9)));
  }
  std::ranges::sort(durations);
  return durations;
}

std::vector<Duration> modelled(const TcpSettings& settings, int hz, std::size_t count) {
  Random random(1, 0, "syn durations");
  std::vector<Duration> durations;
  const auto span = static_cast<std::uint64_t>(wheel_period * (1'000'000'000 / hz));
  for (std::size_t i = 0; i < count; ++i) {
    Alone alone(settings, hz, Duration(static_cast<std::int64_t>(random.below(span))));
    alone.socket.connect(alone.now);
    alone.run_until(TimePoint(std::chrono::hours(1)));
    REQUIRE(alone.socket.error() == ETIMEDOUT);
    durations.push_back(alone.now.time_since_epoch());
  }
  std::ranges::sort(durations);
  return durations;
}

}  // namespace

TEST_CASE("connect() into a DROP rule takes as long as on a real kernel, in distribution", "[tcp]") {
  struct Row {
    const char* file;
    int linear, retries;
  };
  for (const Row& row :
       {Row{"syn-lin0-r2.json", 0, 2}, Row{"syn-lin0-r4.json", 0, 4}, Row{"syn-lin0-r6.json", 0, 6},
        Row{"syn-lin4-r2.json", 4, 2}, Row{"syn-lin4-r6.json", 4, 6}}) {
    const auto real = measured(row.file);
    REQUIRE(real.size() == 300);
    const auto model = modelled({.syn_retries = row.retries, .syn_linear_timeouts = row.linear}, 250, 20000);
    const double distance = analysis::kolmogorov_smirnov(real, model);
    WARN(row.file << ": Kolmogorov-Smirnov distance " << distance);
    CHECK(distance < 0.08);
  }
}

TEST_CASE("At HZ=1000 the incident's 130.902843 s lies between the 5th and the 95th percentile", "[tcp]") {
  const auto model = modelled({}, 1000, 10000);
  CHECK(model.front() > std::chrono::milliseconds(128200));
  CHECK(model.back() < std::chrono::milliseconds(132500));
  CHECK(analysis::quantile(model, 0.05) < std::chrono::microseconds(130902843));
  CHECK(analysis::quantile(model, 0.95) > std::chrono::microseconds(130902843));
}
