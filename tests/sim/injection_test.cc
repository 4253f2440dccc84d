// Packets of a capture on a host's interface: today's server answers them through today's links and
// firewalls.
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "models/linux/ipv4_header.hh"
#include "models/linux/tcp_segment.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

struct Injection {
  sim::World::Injected counts{};
  std::vector<PacketEvent> seen{};  // at the VM
};

std::uint32_t vm_of(const scenario::Scenario& scenario) {
  return static_cast<std::uint32_t>(*scenario.host_index("vm"));
}

// What tcpdump on the VM would have recorded of a run.
std::vector<PacketEvent> recorded(const Small& small) {
  auto packets = simulate(small, {.packets = true}).packets;
  const auto vm = vm_of(small_scenario(small));
  std::erase_if(packets, [vm](const PacketEvent& packet) { return packet.host != vm; });
  return packets;
}

std::vector<PacketEvent> sent(std::vector<PacketEvent> packets) {
  std::erase_if(packets, [](const PacketEvent& packet) { return packet.direction != Direction::out; });
  return packets;
}

// … put back into another world.
Injection inject(const std::vector<PacketEvent>& packets, const Small& small, std::uint64_t seed = 2) {
  const auto scenario = small_scenario(small);
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  Injection injection;
  auto next = packets.begin();
  const auto source = [&](PacketEvent& packet) {
    if (next == packets.end()) return false;
    packet = *next++;
    return true;
  };
  injection.counts = world.inject(seed, 0, source, [&](PacketEvent packet) {
    if (packet.host == vm_of(scenario)) injection.seen.push_back(std::move(packet));
  });
  return injection;
}

std::size_t octets_over_tcp(const std::vector<PacketEvent>& seen) {
  std::size_t octets = 0;
  for (const auto& packet : seen) {
    const auto ip = kernel::decode_ipv4(packet.bytes);
    if (packet.direction != Direction::in || ip->header.protocol != kernel::protocol_tcp) continue;
    octets += kernel::decode_tcp(ip->payload)->payload.size();
  }
  return octets;
}

std::size_t udp_answers(const std::vector<PacketEvent>& seen) {
  return static_cast<std::size_t>(std::ranges::count_if(seen, [](const PacketEvent& packet) {
    return packet.direction == Direction::in &&
           kernel::decode_ipv4(packet.bytes)->header.protocol == kernel::protocol_udp;
  }));
}

}  // namespace

TEST_CASE("A recorded lookup is answered once more, over TCP too, though the server numbers its octets anew",
          "[sim]") {
  const auto packets = recorded({});
  REQUIRE(octets_over_tcp(packets) > 4000);
  const auto injection = inject(sent(packets), {});
  CHECK(injection.counts.packets == sent(packets).size());
  CHECK(injection.counts.unroutable == 0);
  CHECK(udp_answers(injection.seen) == udp_answers(packets));
  CHECK(octets_over_tcp(injection.seen) == octets_over_tcp(packets));
}

TEST_CASE("What the firewall of today drops stays unanswered, and the VM's kernel adds nothing of its own",
          "[sim]") {
  const auto packets = sent(recorded({}));
  const auto injection =
      inject(packets, {.hypervisor_rules = "-A INPUT -p tcp --dport 53 -j DROP", .give_up = "10s"});
  CHECK(udp_answers(injection.seen) == udp_answers(recorded({})));
  CHECK(octets_over_tcp(injection.seen) == 0);
  CHECK(sent(injection.seen).size() == packets.size());
}

TEST_CASE("The VM's own OUTPUT chain does not see what is put onto its interface", "[sim]") {
  const auto packets = sent(recorded({}));
  const auto injection = inject(packets, {.vm_rules = "-A OUTPUT -p udp -j DROP"});
  CHECK(udp_answers(injection.seen) == udp_answers(recorded({})));
}

TEST_CASE("A packet to where no route leads is counted", "[sim]") {
  const std::vector<std::uint8_t> nothing(8);
  const PacketEvent packet{
      .host = vm_of(small_scenario({})),
      .bytes =
          kernel::encode({.source = {0xc0a87a77}, .destination = {0x0a000001}, .protocol = 17}, nothing)};
  const auto injection = inject({packet}, {});
  CHECK(injection.counts.packets == 1);
  CHECK(injection.counts.unroutable == 1);
  CHECK(injection.seen.empty());
}
