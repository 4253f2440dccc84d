// What a link does to packets, as it is written.
#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;
using namespace std::chrono_literals;

namespace {

Link link_with(const std::string& properties) { return parse_small_with("loss: 2%", properties).links[1]; }

std::string complaint(const std::string& properties) {
  return complaint_of([&] { link_with(properties); });
}

// The numbers up to 20 of the packets that are lost.
std::vector<std::uint64_t> lost(const std::vector<PacketNumbers>& numbers) {
  std::vector<std::uint64_t> found;
  for (std::uint64_t number = 1; number <= 20; ++number)
    if (std::ranges::any_of(numbers, [&](const PacketNumbers& some) { return some.contain(number); }))
      found.push_back(number);
  return found;
}

}  // namespace

TEST_CASE("bursts say how they begin, end and lose; those who say no loss lose everything") {
  const auto link = link_with("loss: 0.1%, bursts: {enter: 2%, leave: 20%, loss: 50%}");
  CHECK(link.loss == 0.001);
  REQUIRE(link.bursts);
  CHECK(link.bursts->enter == 0.02);
  CHECK(link.bursts->leave == 0.2);
  CHECK(link.bursts->loss == 0.5);
  CHECK(link_with("bursts: {enter: 2%, leave: 20%}").bursts->loss == 1.0);
}

TEST_CASE("packets to lose are named by number, range and step, for each end by itself") {
  const auto link = link_with("lose: {from: [3, 5-7, every 9], to: every 10}");
  CHECK(lost(link.lose_a) == std::vector<std::uint64_t>{3, 5, 6, 7, 9, 18});
  CHECK(lost(link.lose_b) == std::vector<std::uint64_t>{10, 20});
  CHECK(lost(link_with("lose: {to: 1}").lose_a).empty());
  CHECK(lost(link_with("lose: {to: 1}").lose_b) == std::vector<std::uint64_t>{1});
}

TEST_CASE("jitter and outages are durations") {
  const auto link = link_with("jitter: 10us, down: [{at: 2s, for: 5s}, {at: 1min, for: 1ms}]");
  CHECK(link.jitter == 10us);
  REQUIRE(link.outages.size() == 2);
  CHECK(link.outages[0].at == 2s);
  CHECK(link.outages[0].length == 5s);
  CHECK(link.outages[1].at == 60s);
}

TEST_CASE("a link is even until it treats one packet unlike another") {
  CHECK(link_with("loss: 0%, jitter: 0s, down: [], lose: {}").is_even());
  for (const std::string uneven : {"loss: 1%", "jitter: 1us", "bursts: {enter: 1%, leave: 1%}",
                                   "lose: {from: 1}", "lose: {to: 1}", "down: [{at: 0s, for: 1s}]"}) {
    CAPTURE(uneven);
    CHECK_FALSE(link_with(uneven).is_even());
  }
}

TEST_CASE("--set reaches into what a link leaves out") {
  const auto with = [](const std::vector<std::string>& sets) {
    return parse(small_scenario, "small.yaml", sets).links[1];
  };
  const auto link = with({"links.1.bursts.enter=1%", "links.1.bursts.leave=10%", "links.1.lose.from=[3, 5-7]",
                          "links.1.down=[{at: 1s, for: 2s}]"});
  CHECK(link.bursts->leave == 0.1);
  CHECK(lost(link.lose_a) == std::vector<std::uint64_t>{3, 5, 6, 7});
  CHECK(link.outages.at(0).length == 2s);
}

TEST_CASE("what no link could do is refused at its place") {
  CHECK(complaint("bursts: {enter: 2%}") == "small.yaml:25:65: links.1.bursts needs 'leave'");
  CHECK(complaint("bursts: {enter: 2%, leave: 0%}") ==
        "small.yaml:25:84: a burst that nothing ends would be no burst");
  CHECK(complaint("bursts: {enter: 0.02, leave: 10%}") ==
        "small.yaml:25:73: '0.02' is not a share: its unit is missing (%)");
  CHECK(complaint("bursts: {p: 2%, leave: 10%}") ==
        "small.yaml:25:66: unknown key 'p' in links.1.bursts; known: enter, leave, loss");
  CHECK(complaint("jitter: 31us") ==
        "small.yaml:25:65: a jitter above the delay: packets would arrive before they are sent");
  CHECK(complaint("lose: {from: 0}") == "small.yaml:25:70: '0' is not a whole number from 1 to 1000000000");
  CHECK(complaint("lose: {from: [1, 7-5]}") ==
        "small.yaml:25:74: '7-5' ends before it begins; packets count from 1");
  CHECK(complaint("lose: {from: every}") ==
        "small.yaml:25:70: 'every' is no packet: wanted as 3, 5-7 or every 10");
  CHECK(complaint("lose: {from: every 0}") ==
        "small.yaml:25:70: '0' is not a whole number from 1 to 1000000000");
  CHECK(complaint("lose: [3]") == "small.yaml:25:63: links.1.lose wants a map, this is a list");
  CHECK(complaint("down: [{at: 2s}]") == "small.yaml:25:64: links.1.down.0 needs 'for'");
  CHECK(complaint("down: [{at: 2s, for: 0s}]") == "small.yaml:25:78: an outage must last some time");
  CHECK(complaint("down: {at: 2s, for: 1s}") == "small.yaml:25:63: links.1.down wants a list, this is a map");
}
