// Which of the packets that a host sent no tap saw leave.
#include "live/output_log.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::live;

namespace {

// A header of 20 octets and 8 behind it; the checksums, at 10 and 26, are filled as packets pass.
PacketEvent packet(std::uint8_t protocol, std::uint8_t identification, std::uint8_t port,
                   std::uint8_t checksum = 0, Direction direction = Direction::out, std::uint32_t host = 0) {
  std::vector<std::uint8_t> bytes(28);
  bytes[0] = 0x45;
  bytes[5] = identification;
  bytes[9] = protocol;
  bytes[10] = checksum;
  bytes[21] = port;
  bytes[26] = checksum;
  return {.host = host, .direction = direction, .bytes = bytes};
}

constexpr std::uint8_t udp = 17;
constexpr std::uint8_t tcp = 6;

}  // namespace

TEST_CASE("what a tap saw leave is told from what it did not, whatever the checksums") {
  const std::vector<PacketEvent> sent{packet(udp, 1, 53), packet(tcp, 2, 54), packet(udp, 3, 55)};
  CHECK(never_left(sent, {packet(udp, 1, 53, 0xaa), packet(udp, 3, 55, 0xbb)}) == std::vector{sent[1]});
  CHECK(never_left(sent, {}) == sent);
}

TEST_CASE("each packet that left stands for one") {
  const std::vector<PacketEvent> twice{packet(udp, 1, 53), packet(udp, 1, 53)};
  CHECK(never_left(twice, {packet(udp, 1, 53)}).size() == 1);
}

TEST_CASE("what came in, and what another host sent, did not leave here") {
  const std::vector<PacketEvent> sent{packet(udp, 1, 53)};
  CHECK(never_left(sent, {packet(udp, 1, 53, 0, Direction::in)}) == sent);
  CHECK(never_left(sent, {packet(udp, 1, 53, 0, Direction::out, 1)}) == sent);
}
