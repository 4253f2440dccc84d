// A datagram of 100 octets, counted from 0 on, in fragments.
#include "replay/reassembly.hh"

#include <catch2/catch.hpp>

#include <numeric>

#include "tests/replay/capture_file.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint32_t from = 0xc0a87a77;
constexpr std::uint32_t to = 0xc0a87a01;

Octets counted(std::size_t size) {
  Octets octets(size);
  std::iota(octets.begin(), octets.end(), std::uint8_t{0});
  return octets;
}

const Octets data = counted(100);

Octets part(std::size_t offset, std::size_t size) { return ipv4_fragment(17, from, to, data, offset, size); }

std::optional<Reassembler::Whole> add(Reassembler& reassembler, const Octets& packet, Duration at = 1s) {
  const auto layout = find_ip_layout(packet, IpExtent::headers);
  REQUIRE(std::holds_alternative<IpLayout>(layout));
  return reassembler.add(packet, std::get<IpLayout>(layout), at);
}

Octets payload_of(const Reassembler::Whole& whole) {
  const auto found = find_ip_layout(whole.packet);
  REQUIRE(std::holds_alternative<IpLayout>(found));
  const auto& layout = std::get<IpLayout>(found);
  CHECK_FALSE(layout.fragment);
  CHECK(layout.protocol == ip_udp);
  return {whole.packet.begin() + static_cast<std::ptrdiff_t>(layout.transport), whole.packet.end()};
}

}  // namespace

TEST_CASE("Fragments in any order make the packet, with the last that was missing") {
  std::vector<std::size_t> order{0, 40, 80};
  do {
    Reassembler reassembler;
    CHECK_FALSE(add(reassembler, part(order[0], 40)));
    CHECK_FALSE(add(reassembler, part(order[1], 40)));
    CHECK(reassembler.unassembled() == 2);
    const auto whole = add(reassembler, part(order[2], 40));
    REQUIRE(whole);
    CHECK(whole->fragments == 3);
    CHECK(payload_of(*whole) == data);
    CHECK(reassembler.unassembled() == 0);
    CHECK(reassembler.octets_held() == 0);
  } while (std::ranges::next_permutation(order).found);
}

TEST_CASE("IPv6: what stands before the fragment header is kept, and names what stood behind it") {
  Reassembler reassembler;
  CHECK_FALSE(add(reassembler, ipv6_fragment(17, 1, 2, data, 0, 64)));
  const auto whole = add(reassembler, ipv6_fragment(17, 1, 2, data, 64, 64));
  REQUIRE(whole);
  CHECK(whole->packet == ipv6(17, 1, 2, data));
}

TEST_CASE("a fragment that is repeated changes nothing, one that overlaps spoils its packet") {
  Reassembler reassembler;
  CHECK_FALSE(add(reassembler, part(0, 64)));
  SECTION("repeated") {
    CHECK_FALSE(add(reassembler, part(0, 64)));
    const auto whole = add(reassembler, part(64, 64));
    REQUIRE(whole);
    CHECK(whole->fragments == 3);
    CHECK(payload_of(*whole) == data);
  }
  SECTION("overlapping") {
    CHECK_FALSE(add(reassembler, part(56, 8)));
    CHECK_FALSE(add(reassembler, part(64, 64)));
    CHECK(reassembler.unassembled() == 3);
  }
  SECTION("the same place with other octets") {
    CHECK_FALSE(add(reassembler, ipv4_fragment(17, from, to, Octets(100, 7), 0, 64)));
    CHECK_FALSE(add(reassembler, part(64, 64)));
    CHECK(reassembler.unassembled() == 3);
  }
  SECTION("beyond the end") {
    CHECK_FALSE(add(reassembler, ipv4_fragment(17, from, to, counted(200), 128, 8)));
    CHECK_FALSE(add(reassembler, part(64, 64)));
    CHECK(reassembler.unassembled() == 3);
  }
}

TEST_CASE("other addresses, protocols and identifications are other packets") {
  Reassembler reassembler;
  CHECK_FALSE(add(reassembler, part(0, 64)));
  CHECK_FALSE(add(reassembler, ipv4_fragment(6, from, to, data, 64, 64)));
  CHECK_FALSE(add(reassembler, ipv4_fragment(17, to, from, data, 64, 64)));
  auto other = part(64, 64);
  other[5] ^= 1;
  CHECK_FALSE(add(reassembler, other));
  CHECK(add(reassembler, part(64, 64)));
}

TEST_CASE("what is not complete after 30 s, of IPv6 60 s, is given up") {
  Reassembler reassembler;
  add(reassembler, part(0, 64), 1s);
  add(reassembler, ipv6_fragment(17, 1, 2, data, 0, 64), 1s);
  CHECK_FALSE(add(reassembler, part(64, 64), 31s + 1ns));
  CHECK(add(reassembler, ipv6_fragment(17, 1, 2, data, 64, 64), 61s));
  CHECK(reassembler.unassembled() == 2);
}

TEST_CASE("memory is bounded in packets and octets, at the cost of the oldest") {
  Reassembler reassembler({.packets = 10, .octets = 4000});
  for (std::uint8_t i = 0; i < 100; ++i) {
    auto packet = ipv4_fragment(17, from, to, counted(1000), 0, 800);
    packet[5] = i;
    CHECK_FALSE(add(reassembler, packet));
    CHECK(reassembler.octets_held() <= 4000);
  }
  CHECK(reassembler.unassembled() == 100);
  auto last = ipv4_fragment(17, from, to, counted(1000), 800, 800);
  last[5] = 99;
  CHECK(add(reassembler, last));
  last[5] = 3;
  CHECK_FALSE(add(reassembler, last));
}

TEST_CASE("what the capture cut off a fragment ends the packet there, as cut short") {
  Reassembler reassembler;
  auto cut = part(0, 64);
  cut.resize(20 + 30);
  CHECK_FALSE(add(reassembler, cut));
  const auto whole = add(reassembler, part(64, 64));
  REQUIRE(whole);
  CHECK(whole->packet.size() == 20 + 30);
  const auto found = find_ip_layout(whole->packet, IpExtent::headers);
  CHECK(std::get<IpLayout>(found).stated_end == 20 + 100);
}

}  // namespace hanglab::replay
