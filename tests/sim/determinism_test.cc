// A run depends on the seed and its own number, not on what ran before it in the same world.
#include <catch2/catch.hpp>

#include "records/codec.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;

namespace {

// All that a run leaves, as bytes.
std::string bytes(const RunResult& result) {
  std::string all = records::encode(result.lookups) + records::encode(result.packets);
  for (const std::string& calls : result.syscalls) all += calls;
  return all;
}

constexpr RunOptions everything{.packets = true, .syscalls = true};

}  // namespace

TEST_CASE("Run 3 is the same after runs 0 to 2 as on its own", "[sim]") {
  for (const Small& small :
       {Small{}, Small{.vm_rules = "iptables -A OUTPUT -p tcp --dport 53 -j DROP"},
        Small{.vm_rules = "iptables -A INPUT -m statistic --mode random --probability 0.3 -j DROP",
        .loss = "20%"},
        Small{.delay = "2s",
        .link = "jitter: 2s, bursts: {enter: 5%, leave: 20%}, lose: {to: every 7}, down: [{at: 1s, for: "
                "1s}]"}}) {
    const auto scenario = small_scenario(small);
    std::vector<std::string> warnings;
    std::string after_others;
    {
      sim::World world(scenario, warnings);
      for (std::uint64_t run = 0; run < 3; ++run) world.run(7, run, everything);
      after_others = bytes(world.run(7, 3, everything));
    }
    sim::World world(scenario, warnings);
    const auto alone = world.run(7, 3, everything);
    CHECK(bytes(alone) == after_others);
    CHECK_FALSE(alone.packets.empty());
  }
}

TEST_CASE("Another seed gives other ports, ids and timer phases", "[sim]") {
  const auto scenario = small_scenario({.vm_rules = "iptables -A OUTPUT -p tcp --dport 53 -j DROP"});
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  const auto one = world.run(1, 0, everything);
  const auto two = world.run(2, 0, everything);
  CHECK(one.lookups[0].duration != two.lookups[0].duration);
  CHECK(one.packets[0].bytes != two.packets[0].bytes);
}
