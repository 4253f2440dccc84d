// The incident of topologies/libvirt-tcp53-drop.yaml: RHEL 8, its own OUTPUT chain drops TCP port 53, the
// server answers UDP with 29 of 255 addresses.
#include <algorithm>
#include <catch2/catch.hpp>

#include "core/dns.hh"
#include "scenario/scenario.hh"
#include "sim/world.hh"

using namespace hanglab;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t ip_and_udp = 28;

struct Tapped {
  scenario::Scenario scenario = scenario::load("topologies/libvirt-tcp53-drop.yaml");
  std::vector<std::string> warnings;
  RunResult result;

  Tapped() {
    sim::World world(scenario, warnings);
    result = world.run(1, 0, {.packets = true});
  }

  std::vector<PacketEvent> packets_at(std::string_view host) const {
    std::vector<PacketEvent> seen;
    const auto index = *scenario.host_index(host);
    std::ranges::copy_if(result.packets, std::back_inserter(seen),
                         [&](const PacketEvent& p) { return p.host == index; });
    return seen;
  }
};

}  // namespace

TEST_CASE("The incident fails with EAI_NONAME after two minutes and seven SYNs", "[sim]") {
  const Tapped tapped;
  const Lookup& lookup = tapped.result.lookups.at(0);
  CHECK(lookup.outcome == Outcome::failed);
  CHECK(lookup.error == "EAI_NONAME");
  CHECK(lookup.duration > 128200ms);
  CHECK(lookup.duration < 132500ms);
  REQUIRE(lookup.attempts.size() == 2);
  CHECK(lookup.attempts[0].result == "truncated");
  CHECK(lookup.attempts[0].bytes == 497);
  CHECK(lookup.attempts[0].full_bytes == 4113);
  CHECK(lookup.attempts[1].result == "connect ETIMEDOUT");
  CHECK(lookup.attempts[1].syns == 7);
}

TEST_CASE("The truncated answer is 497 bytes with flags 0x8780 and 29 answers", "[sim]") {
  const Tapped tapped;
  int truncated = 0;
  for (const PacketEvent& packet : tapped.packets_at("vm")) {
    if (packet.direction != Direction::in) continue;
    const auto message = dns::decode(dns::ByteView(packet.bytes).subspan(ip_and_udp));
    REQUIRE(message);
    if (!message->header.truncated()) continue;
    ++truncated;
    CHECK(packet.bytes.size() == ip_and_udp + 497);
    CHECK(message->header.flags == 0x8780);
    CHECK(message->header.answers == 29);
  }
  CHECK(truncated == 1);
}

TEST_CASE("The VM's own capture holds no SYN: OUTPUT comes before the tap", "[sim]") {
  const Tapped tapped;
  const auto vm = tapped.packets_at("vm");
  CHECK(vm.size() == 4);
  for (const PacketEvent& packet : vm) CHECK(packet.bytes.at(9) == 17);  // UDP
}

TEST_CASE("The 256th line of the host file is no address and is said to be skipped", "[sim]") {
  const Tapped tapped;
  REQUIRE(tapped.warnings.size() == 1);
  CHECK(tapped.warnings[0].find("default.addnhosts:256") != std::string::npos);
  CHECK(tapped.warnings[0].find("10.0.0.256") != std::string::npos);
}
