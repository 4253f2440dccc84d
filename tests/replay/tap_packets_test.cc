#include "replay/tap_packets.hh"

#include <catch2/catch.hpp>

#include "tests/replay/capture_file.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t client = 0x0a000002;  // 10.0.0.2
constexpr std::uint32_t server = 0x0a000001;

PacketEvent event(std::uint32_t host, Duration at, std::vector<std::uint8_t> bytes) {
  return {.at = at, .host = host, .bytes = std::move(bytes)};
}

}  // namespace

TEST_CASE("What a host's tap saw: its packets of DNS, and of fragments the packet when the last one came") {
  const std::vector<std::uint8_t> message(1000, 0x5a);
  const auto answer = udp(53, 40000, message);
  const std::vector events{
      event(0, 1ms, ipv4(17, client, server, udp(40000, 53, {1, 2, 3}))),
      event(1, 2ms, ipv4(17, client, server, udp(40000, 53, {1, 2, 3}))),  // another host's
      event(0, 3ms, ipv4(17, client, server, udp(40000, 123, {1, 2, 3}))),
      event(0, 4ms, ipv4_fragment(17, server, client, answer, 0, 800)),
      event(0, 5ms, ipv4_fragment(17, server, client, answer, 800, 800)),
      event(0, 6ms, ipv6_fragment(17, 1, 2, answer, 800, 800)),
      event(0, 7ms, ipv6_fragment(17, 1, 2, answer, 0, 800)),
  };
  const auto packets = packets_of(0, events);
  REQUIRE(packets.size() == 3);
  CHECK((packets[0].at == 1ms && packets[0].number == 1 && packets[0].payload.size() == 3));
  CHECK((packets[1].at == 5ms && packets[1].number == 2 && packets[1].payload == message));
  CHECK((packets[2].at == 7ms && packets[2].number == 3 && packets[2].payload == message));

  TapPackets tap;
  for (const PacketEvent& packet : std::span(events).first(6))
    if (packet.host == 0) tap.add(packet);
  CHECK(tap.counts() ==
        CaptureCounts{.packets = 5, .used = 3, .fragments = 1, .not_dns = 1, .reassembled = 2});
}

}  // namespace hanglab::replay
