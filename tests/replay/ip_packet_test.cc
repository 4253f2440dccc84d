// Packets made by libtins, which knows the formats on its own, and others that were made wrong on purpose.
#include "replay/ip_packet.hh"

#include <tins/tins.h>

#include <catch2/catch.hpp>

#include "core/big_endian.hh"
#include "core/dns.hh"
#include "replay/ip_checksum.hh"
#include "tests/core/hex.hh"
#include "tests/replay/capture_file.hh"

namespace hanglab::replay {

namespace {

using Octets = std::vector<std::uint8_t>;

const Octets query = dns::encode_query(7, {.name = "a.example"});

Octets bytes_of(Tins::PDU& packet) { return packet.serialize(); }

Octets udp_over_ipv4() {
  auto packet = Tins::IP("192.168.122.1", "192.168.122.119") / Tins::UDP(53, 45000) / Tins::RawPDU(query);
  return bytes_of(packet);
}

Octets udp_over_ipv6() {
  auto packet = Tins::IPv6("2001:db8::1", "2001:db8::2") / Tins::UDP(53, 45000) / Tins::RawPDU(query);
  return bytes_of(packet);
}

Octets tcp_over_ipv6() {
  Tins::TCP tcp(53, 45000);
  tcp.flags(Tins::TCP::SYN);
  tcp.seq(77);
  tcp.mss(1440);
  auto packet = Tins::IPv6("2001:db8::1", "2001:db8::2") / tcp;
  return bytes_of(packet);
}

CapturedPacket read(const Octets& bytes) {
  auto packet = read_ip(bytes);
  REQUIRE(std::holds_alternative<CapturedPacket>(packet));
  return std::get<CapturedPacket>(packet);
}

Unusable refusal(const Octets& bytes) {
  const auto packet = read_ip(bytes);
  REQUIRE(std::holds_alternative<Unusable>(packet));
  return std::get<Unusable>(packet);
}

Checksum checksum_of(const Octets& bytes) {
  return check_sums(bytes, std::get<IpLayout>(find_ip_layout(bytes, IpExtent::headers)));
}

Endpoint endpoint(const char* address, std::uint16_t port) { return {*parse_ip(address), port}; }

}  // namespace

TEST_CASE("UDP over IPv6 is read as over IPv4") {
  const auto packet = read(udp_over_ipv6());
  CHECK(packet.source == endpoint("2001:db8::2", 45000));
  CHECK(packet.destination == endpoint("2001:db8::1", 53));
  CHECK(packet.payload == query);
  CHECK(packet.payload_size == query.size());
  CHECK(read(udp_over_ipv4()).payload == query);
}

TEST_CASE("TCP over IPv6, behind its options") {
  const auto packet = read(tcp_over_ipv6());
  CHECK(std::get<TcpHeader>(packet.header) == TcpHeader{.flags = tcp_syn, .sequence = 77});
  CHECK(packet.payload.empty());
}

TEST_CASE("extension headers are passed over: hop by hop, routing, destination options, authentication") {
  const Octets datagram = udp(45000, 53, query);
  const Octets options = hex("1100 010400000000");
  CHECK(read(ipv6(60, 2, 1, options + datagram)).payload == query);
  CHECK(read(ipv6(0, 2, 1, hex("3c00 010400000000") + options + datagram)).payload == query);
  CHECK(
      read(ipv6(43, 2, 1, hex("1102 0000 00000000 0000000000000000 0000000000000000") + datagram)).payload ==
      query);
  CHECK(
      read(ipv6(51, 2, 1, hex("1104 0000 00000001 00000001 000000000000000000000000") + datagram)).payload ==
      query);
  CHECK(refusal(ipv6(59, 2, 1, datagram)) == Unusable::not_dns);  // no next header
  CHECK(refusal(ipv6(50, 2, 1, datagram)) == Unusable::not_dns);  // ESP
  CHECK(refusal(ipv6(60, 2, 1, hex("11ff 010400000000") + datagram)) == Unusable::unreadable);
}

TEST_CASE("an ICMPv6 error names the packet that it is about; other ICMPv6 is no business of DNS") {
  const Octets quoted = ipv6(6, 2, 1, tcp(40000, 53, 1, tcp_syn));
  const auto packet = read(ipv6(58, 1, 2, hex("0104 0000 00000000") + quoted));
  CHECK(std::get<IcmpError>(packet.header) == IcmpError{.v6 = true,
                                                        .type = 1,
                                                        .code = 4,
                                                        .about = Transport::tcp,
                                                        .about_source = endpoint("2001:db8::2", 40000),
                                                        .about_destination = endpoint("2001:db8::1", 53)});
  CHECK(refusal(ipv6(58, 1, 2, hex("8700 0000 00000000") + ipv6_address(1))) == Unusable::not_dns);
  const Octets of_fragment = ipv6_fragment(17, 2, 1, udp(45000, 53, Octets(100)), 64, 64);
  CHECK(refusal(ipv6(58, 1, 2, hex("0301 0000 00000000") + of_fragment)) == Unusable::not_dns);
  CHECK(refusal(ipv6(58, 1, 2, hex("0104 0000 00000000 60000000"))) == Unusable::unreadable);
}

TEST_CASE("a checksum is right, wrong, or was left to the interface") {
  for (const Octets& right : {udp_over_ipv4(), udp_over_ipv6(), tcp_over_ipv6()}) {
    CHECK(checksum_of(right) == Checksum::right);
    Octets wrong = right;
    wrong.back() ^= 1;
    CHECK(checksum_of(wrong) == Checksum::wrong);
  }
  Octets header = udp_over_ipv4();
  header[10] ^= 1;
  CHECK(checksum_of(header) == Checksum::wrong);

  // The sum of the pseudo-header of the datagram in udp_over_ipv6(), worked out by hand:
  // 2 * (2001 + 0db8) + 1 + 2 + 0011 + 0023 (8 + 27 octets).
  Octets partial = udp_over_ipv6();
  set_u16(partial, 40 + 6, 2 * (0x2001 + 0x0db8) + 1 + 2 + 0x0011 + 0x0023);
  CHECK(checksum_of(partial) == Checksum::left_to_interface);
  set_u16(partial, 40 + 6, 2 * (0x2001 + 0x0db8) + 1 + 2 + 0x0011);  // without the length
  CHECK(checksum_of(partial) == Checksum::left_to_interface);
}

TEST_CASE("a UDP datagram over IPv4 may have no checksum, over IPv6 it must") {
  CHECK(checksum_of(ipv6(17, 2, 1, udp(45000, 53, query))) == Checksum::left_to_interface);
  auto packet = Tins::IP("192.168.122.1", "192.168.122.119") / Tins::UDP(53, 45000) / Tins::RawPDU(query);
  Octets without = bytes_of(packet);
  set_u16(without, 20 + 6, 0);
  CHECK(checksum_of(without) == Checksum::right);
}

TEST_CASE("what cannot be checked counts as right: fragments and what the capture cut short") {
  Octets cut = udp_over_ipv6();
  cut.pop_back();
  CHECK(checksum_of(cut) == Checksum::right);
  CHECK(checksum_of(ipv6_fragment(17, 2, 1, udp(45000, 53, Octets(100)), 0, 64)) == Checksum::right);
}

}  // namespace hanglab::replay
