#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>

#include "models/linux/ip_packet.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/ipv6_header.hh"
#include "models/linux/reassembly.hh"
#include "models/linux/tcp_segment.hh"

using namespace hanglab;
using namespace hanglab::kernel;
using namespace std::chrono_literals;

namespace {

using Bytes = std::vector<std::uint8_t>;

const Ipv6Address vm = *parse_ipv6("2001:db8::119");
const Ipv6Address server = *parse_ipv6("2001:db8::1");
const Ipv6Header header{
    .source = vm, .destination = server, .next_header = protocol_udp, .flow_label = 0xabcde};

Bytes numbers(std::size_t count) {
  Bytes bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  return bytes;
}

}  // namespace

TEST_CASE("an IPv6 header is 40 octets: version, flow label, length, next header, hop limit, addresses") {
  const Bytes packet = encode(header, Bytes{1, 2, 3});
  const Bytes expected{0x60, 0x0a, 0xbc, 0xde, 0, 3, 17, 64,                             //
                       0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,  0,  0, 0, 0, 0, 0, 0, 1, 0x19,  //
                       0x20, 0x01, 0x0d, 0xb8, 0, 0, 0,  0,  0, 0, 0, 0, 0, 0, 0, 1,     //
                       1,    2,    3};
  CHECK(packet == expected);
  const auto read = decode_ipv6(packet);
  REQUIRE(read);
  CHECK(read->header.source == vm);
  CHECK(read->header.flow_label == 0xabcde);
  CHECK(read->header.hop_limit == 64);
  CHECK_FALSE(read->header.fragment);
  CHECK(std::ranges::equal(read->payload, Bytes{1, 2, 3}));
  CHECK_FALSE(decode_ipv6(std::span(packet).first(42)));
  CHECK(decode_ipv6(std::span(packet).first(42), true));
}

TEST_CASE("what an MTU of 1500 cannot take leaves in fragments of 1448 octets, and comes together again") {
  const Bytes payload = numbers(4121);
  const auto pieces = encode_for_mtu(header, payload, 1500, 0x01020304);
  REQUIRE(pieces.size() == 3);
  CHECK(pieces[0].size() == 1496);
  CHECK(pieces[2].size() == 40 + 8 + 4121 - 2 * 1448);
  const Bytes fragment_header(pieces[1].begin() + 40, pieces[1].begin() + 48);
  CHECK(fragment_header == Bytes{17, 0, 1448 >> 8, (1448 & 0xff) | 1, 1, 2, 3, 4});

  Ipv6Reassembly fragments;
  const auto add = [&](std::size_t i) {
    const auto piece = decode_ipv6(pieces[i]);
    return fragments.add(piece->header, piece->payload, TimePoint{});
  };
  CHECK_FALSE(add(2));
  CHECK_FALSE(add(0));
  CHECK(fragments.deadline() == TimePoint{} + 60s);
  const auto whole = add(1);
  REQUIRE(whole);
  CHECK(whole->payload == payload);
  CHECK(whole->largest == 1496);
  CHECK_FALSE(whole->header.fragment);
  CHECK(encode_for_mtu(header, numbers(1460), 1500, 1).size() == 1);
}

TEST_CASE("checksums cover the IPv6 pseudo-header") {
  // RFC 8200 8.1. The sum of 2001 0db8 0119, 2001 0db8 0001, the length 8, the protocol 17, and 9c40 0035
  // 0008 is f922.
  const Bytes message{0x9c, 0x40, 0, 53, 0, 8, 0, 0};
  const auto sum = transport_checksum(message, vm, server, protocol_udp);
  Bytes whole = message;
  whole[6] = static_cast<std::uint8_t>(sum >> 8);
  whole[7] = static_cast<std::uint8_t>(sum);
  CHECK(transport_checksum(whole, vm, server, protocol_udp) == 0);
  CHECK(sum == 0x06dd);
}

TEST_CASE("ICMPv6 errors quote up to 1280 octets, and mean what tab_unreach says") {
  const Bytes packet = encode(header, numbers(1400));
  const Bytes error = encode_unreachable(4, packet, server, vm);
  CHECK(error.size() == 1240);
  CHECK(transport_checksum(error, server, vm, protocol_icmpv6) == 0);
  struct Meaning {
    std::uint8_t code;
    int error;
    bool final;
  };
  for (const auto& [code, number, final] : {Meaning{0, ENETUNREACH, false},
                                            {1, EACCES, true},
                                            {2, EHOSTUNREACH, false},
                                            {3, EHOSTUNREACH, false},
                                            {4, ECONNREFUSED, true},
                                            {5, EACCES, true},
                                            {6, EACCES, true},
                                            {7, EPROTO, true}}) {
    const Bytes message = encode_unreachable(code, packet, server, vm);
    const auto read = decode_unreachable(
        {.source = server, .destination = vm, .protocol = protocol_icmpv6, .payload = message});
    REQUIRE(read);
    CHECK(read->error == number);
    CHECK(read->final == final);
    CHECK(read->about.source == IpAddress{vm});
    CHECK(read->about.protocol == protocol_udp);
  }
}
