// What a lookup meets on a link that loses, delays and fails. See small_world.hh for the network; the link
// goes from the VM to the hypervisor.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>
#include <tuple>

#include "core/dns.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const std::string small_name = "small.mydomain.net";

using Words = std::vector<std::string>;

// What was asked in the answers that reached the VM, in order of arrival: 1 is A, 28 is AAAA.
std::vector<std::uint16_t> answered_types(const RunResult& result, std::uint32_t vm) {
  constexpr std::size_t ip_and_udp = 28;
  std::vector<std::uint16_t> types;
  for (const PacketEvent& packet : result.packets) {
    if (packet.host != vm || packet.direction != Direction::in) continue;
    types.push_back(
        dns::decode(dns::ByteView(packet.bytes).subspan(ip_and_udp)).value().questions.at(0).type);
  }
  return types;
}

}  // namespace

TEST_CASE("With both questions lost, the second try answers after 5 s", "[sim]") {
  const Lookup lookup = look_up({.name = small_name, .link = "lose: {from: 1-2}"});
  CHECK(results(lookup) == Words{"udp timeout", "udp answered"});
  CHECK(lookup.duration > 5s);
  CHECK(lookup.duration < 5020ms);
}

TEST_CASE("With the second answer lost, the lookup waits as long", "[sim]") {
  const Lookup lookup = look_up({.name = small_name, .link = "lose: {to: 2}"});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.duration > 5s);
  CHECK(lookup.duration < 5020ms);
}

TEST_CASE("With three packets lost, the SYNs of 0, 1 and 3 s, a connection stands after 7 s", "[sim]") {
  const Lookup lookup = look_up({.name = small_name,
                                 .resolv_conf = "nameserver 192.168.122.1\\noptions use-vc",
                                 .link = "lose: {from: 1-3}",
                                 .syn_retries = 6});
  CHECK(results(lookup) == Words{"tcp answered"});
  CHECK(lookup.attempts[0].syns == 4);
  CHECK(lookup.duration > 7s);
  CHECK(lookup.duration < 7350ms);  // the timers' buckets are 32, 32 and 256 ms wide
}

TEST_CASE("An outage of 4 s costs one try, one of 6 s both, in every run of a world", "[sim]") {
  for (const auto& [link, words, least] :
       {std::tuple{"down: [{at: 0s, for: 4s}]", Words{"udp timeout", "udp answered"}, 5s},
        std::tuple{"down: [{at: 0s, for: 6s}]", Words{"udp timeout", "udp timeout"}, 10s},
        std::tuple{"down: [{at: 1s, for: 6s}]", Words{"udp answered"}, 0s}}) {
    CAPTURE(link);
    const auto scenario = small_scenario({.name = small_name, .link = link});
    std::vector<std::string> warnings;
    sim::World world(scenario, warnings);
    for (std::uint64_t run = 0; run < 3; ++run) {
      const Lookup lookup = world.run(1, run).lookups.at(0);
      CHECK(results(lookup) == words);
      CHECK(lookup.duration >= least);
      CHECK(lookup.duration < least + 50ms);
    }
  }
}

TEST_CASE("What is underway when the link goes down arrives; it is lost where it leaves later", "[sim]") {
  // The questions leave within the first millisecond and arrive at 20 ms; the answers leave then.
  const Small small{.name = small_name, .delay = "20ms", .link = "down: [{at: 10ms, for: 5ms}]"};
  CHECK(results(look_up(small)) == Words{"udp answered"});
  const Small later{.name = small_name, .delay = "20ms", .link = "down: [{at: 10ms, for: 15ms}]"};
  CHECK(results(look_up(later)) == Words{"udp timeout", "udp answered"});
}

TEST_CASE("With 10 ms of delay and 5 ms of jitter, answers take 10 to 31 ms and overtake each other",
          "[sim]") {
  const auto scenario = small_scenario({.name = small_name, .delay = "10ms", .link = "jitter: 5ms"});
  const auto vm = static_cast<std::uint32_t>(*scenario.host_index("vm"));
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  std::set<std::vector<std::uint16_t>> orders;
  Duration shortest = 1s;
  Duration longest{};
  for (std::uint64_t run = 0; run < 200; ++run) {
    const auto result = world.run(1, run, {.packets = true});
    orders.insert(answered_types(result, vm));
    shortest = std::min(shortest, result.lookups[0].duration);
    longest = std::max(longest, result.lookups[0].duration);
  }
  CHECK(orders == std::set<std::vector<std::uint16_t>>{{1, 28}, {28, 1}});
  CHECK(shortest > 10ms);
  CHECK(shortest < 20ms);  // without jitter: 20 ms at least
  CHECK(longest > 25ms);
  CHECK(longest < 31ms);
}

TEST_CASE("A packet that jitter holds back for 6 s does not reach the next run", "[sim]") {
  // The VM gives up at once, while its questions are underway; the world goes on for another second.
  const auto scenario =
      small_scenario({.name = small_name, .delay = "3s", .link = "jitter: 3s", .give_up = "1ms"});
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  std::size_t arrived = 0;
  for (std::uint64_t run = 0; run < 40; ++run) {
    const auto packets = world.run(1, run, {.packets = true}).packets;
    for (const PacketEvent& packet : packets) {
      if (packet.direction == Direction::out) continue;
      ++arrived;
      CHECK(std::ranges::any_of(packets, [&](const PacketEvent& sent) {
        return sent.direction == Direction::out && sent.bytes == packet.bytes;
      }));
    }
  }
  CHECK(arrived > 0);
}
