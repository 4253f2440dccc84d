#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;
using namespace std::chrono_literals;

namespace {

std::vector<std::pair<std::string, Duration>> times_of(const Scenario& scenario) {
  std::vector<std::pair<std::string, Duration>> times;
  for (const auto& planned : scenario.workload()) times.emplace_back(planned.host, planned.at);
  return times;
}

}  // namespace

TEST_CASE("a lookup that says nothing more is one getaddrinfo() for both families at 0 s") {
  CHECK(parse(small_scenario, "small.yaml").workload() ==
        Workload{{.host = "vm", .client = "glibc-2.36", .call = "getaddrinfo", .name = "a.test"}});
}

TEST_CASE("lookups repeat, copies of a host begin staggered, all in order of time") {
  const auto text = small_with("name: a.test}", "name: a.test, at: 1s, count: 2, every: 10s, stagger: 4s}");
  CHECK(times_of(parse(text, "small.yaml", {"hosts.vm.count=3"})) ==
        std::vector<std::pair<std::string, Duration>>{
            {"vm-1", 1s}, {"vm-2", 5s}, {"vm-3", 9s}, {"vm-1", 11s}, {"vm-2", 15s}, {"vm-3", 19s}});
}

TEST_CASE("one copy of a host may be named alone") {
  const auto text = small_with("host: vm", "host: vm-2");
  CHECK(times_of(parse(text, "small.yaml", {"hosts.vm.count=3"})) ==
        std::vector<std::pair<std::string, Duration>>{{"vm-2", 0s}});
}

TEST_CASE("a workload beyond a million lookups is refused before it is made") {
  const auto text = small_with("name: a.test}", "name: a.test, count: 500000, every: 1s}");
  CHECK(complaint_of([&] { parse(text, "small.yaml", {"hosts.vm.count=3"}); }) ==
        "small.yaml:27:5: more than 1000000 lookups in one run");
}
