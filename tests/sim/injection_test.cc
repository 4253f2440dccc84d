// Packets of a capture on a host's interface: today's server answers them through today's links and
// firewalls.
#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "models/linux/ip_packet.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/ipv6_header.hh"
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
    const auto ip = kernel::decode_ip(packet.bytes);
    if (packet.direction != Direction::in || ip->protocol != kernel::protocol_tcp) continue;
    octets += kernel::decode_tcp(ip->payload)->payload.size();
  }
  return octets;
}

std::size_t udp_answers(const std::vector<PacketEvent>& seen) {
  return static_cast<std::size_t>(std::ranges::count_if(seen, [](const PacketEvent& packet) {
    return packet.direction == Direction::in &&
           kernel::decode_ip(packet.bytes)->protocol == kernel::protocol_udp;
  }));
}

// As a tap sees checksums: 0 where each is right.
std::uint16_t wrong_checksums(const std::vector<PacketEvent>& packets) {
  std::uint16_t wrong = 0;
  for (const auto& packet : packets) {
    const auto ip = kernel::decode_ip(packet.bytes);
    wrong |= kernel::transport_checksum(ip->payload, ip->source, ip->destination, ip->protocol);
  }
  return wrong;
}

Small over(IpVersion version) {
  if (version == IpVersion::v4) return {};
  return {.resolv_conf = "nameserver 2001:db8::1", .ipv6 = true};
}

}  // namespace

TEST_CASE("A recorded lookup is answered once more, over TCP too, though the server numbers its octets anew",
          "[sim]") {
  const Small small = over(GENERATE(IpVersion::v4, IpVersion::v6));
  const auto packets = recorded(small);
  REQUIRE(octets_over_tcp(packets) > 4000);
  const auto injection = inject(sent(packets), small);
  CHECK(injection.counts.packets == sent(packets).size());
  CHECK(injection.counts.unroutable == 0);
  CHECK(udp_answers(injection.seen) == udp_answers(packets));
  CHECK(octets_over_tcp(injection.seen) == octets_over_tcp(packets));
  CHECK(sent(injection.seen).size() == sent(packets).size());
  CHECK(wrong_checksums(injection.seen) == 0);
}

TEST_CASE("What the firewall of today drops stays unanswered, and the VM's kernel adds nothing of its own",
          "[sim]") {
  Small small = over(GENERATE(IpVersion::v4, IpVersion::v6));
  const auto packets = recorded(small);
  small.hypervisor_rules = "-A INPUT -p tcp --dport 53 -j DROP";
  small.give_up = "10s";
  const auto injection = inject(sent(packets), small);
  CHECK(udp_answers(injection.seen) == udp_answers(packets));
  CHECK(octets_over_tcp(injection.seen) == 0);
  CHECK(sent(injection.seen).size() == sent(packets).size());
}

TEST_CASE("The VM's own OUTPUT chain does not see what is put onto its interface", "[sim]") {
  Small small = over(GENERATE(IpVersion::v4, IpVersion::v6));
  const auto packets = recorded(small);
  small.vm_rules = "-A OUTPUT -p udp -j DROP";
  const auto injection = inject(sent(packets), small);
  CHECK(udp_answers(injection.seen) == udp_answers(packets));
}

TEST_CASE("A query in fragments is answered like a whole one", "[sim]") {
  const Small small = over(IpVersion::v6);
  const auto packets = recorded(small);
  std::vector<PacketEvent> cut;
  for (const PacketEvent& packet : sent(packets)) {
    const auto ip = kernel::decode_ipv6(packet.bytes);
    constexpr std::size_t most = 80;  // of a packet: room for 32 octets, TCP's header with timestamps
    for (auto& piece : kernel::encode_for_mtu(ip->header, ip->payload, most, 7 + cut.size())) {
      cut.push_back(packet);
      cut.back().bytes = std::move(piece);
    }
  }
  REQUIRE(cut.size() > sent(packets).size());
  const auto injection = inject(cut, small);
  CHECK(udp_answers(injection.seen) == udp_answers(packets));
  CHECK(octets_over_tcp(injection.seen) == octets_over_tcp(packets));
}

TEST_CASE("A packet to where no interface leads is counted", "[sim]") {
  const std::vector<std::uint8_t> nothing(8);
  const auto to = [&](Ipv4Address destination) {
    return kernel::encode({.source = {0xc0a87a77}, .destination = destination, .protocol = 17}, nothing);
  };
  const auto to_ipv6 = [&](const char* destination) {
    return kernel::encode(kernel::Ipv6Header{.source = ipv6_of(*parse_ip("2001:db8::119")),
                                             .destination = ipv6_of(*parse_ip(destination)),
                                             .next_header = 17},
                          nothing);
  };
  const Small small = over(IpVersion::v6);
  std::vector<PacketEvent> packets;  // to a stranger and to the VM itself
  for (auto& bytes : {to({0x0a000001}), to({0xc0a87a77}), to_ipv6("2001:db9::1"), to_ipv6("2001:db8::119")})
    packets.push_back({.host = vm_of(small_scenario(small)), .bytes = bytes});
  const auto injection = inject(packets, small);
  CHECK(injection.counts.packets == 4);
  CHECK(injection.counts.unroutable == 4);
  CHECK(injection.seen.empty());
}

TEST_CASE("A host without IPv6 has no interface that leads anywhere over it", "[sim]") {
  auto packets = sent(recorded(over(IpVersion::v6)));
  const auto injection = inject(packets, {});
  CHECK(injection.counts.unroutable == packets.size());
}
