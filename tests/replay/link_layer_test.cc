#include "replay/link_layer.hh"

#include <catch2/catch.hpp>

#include "tests/core/hex.hh"

using namespace hanglab;
using namespace hanglab::replay;

namespace {

// "4 45 00": EtherType 0x0800 as its first octet's high half, then the network layer; "-" if there is none.
struct Stripped {
  int ethertype;
  std::vector<std::uint8_t> rest;
  bool operator==(const Stripped&) const = default;
};

std::optional<Stripped> strip(int link_type, std::string_view digits) {
  const auto frame = hex(digits);
  const auto layer = strip_link_layer(link_type, frame);
  if (!layer) return {};
  return Stripped{layer->ethertype, {layer->bytes.begin(), layer->bytes.end()}};
}

const std::string addresses = "020000000001 020000000002";
const Stripped ipv4{0x0800, hex("45 00")};
const Stripped ipv6{0x86dd, hex("60 00")};

}  // namespace

TEST_CASE("Ethernet: 14 octets, and 4 more for each VLAN tag") {
  CHECK(strip(1, addresses + "0800 4500") == ipv4);
  CHECK(strip(1, addresses + "86dd 6000") == ipv6);
  CHECK(strip(1, addresses + "8100 0007 0800 4500") == ipv4);
  CHECK(strip(1, addresses + "88a8 0064 8100 0007 0800 4500") == ipv4);
  CHECK(strip(1, addresses + "0806 0001") == Stripped{0x0806, hex("0001")});
  CHECK(strip(1, addresses + "0026 4242 03") == Stripped{0, hex("424203")});  // an 802.3 length, not a type
  CHECK_FALSE(strip(1, addresses + "08"));
  CHECK_FALSE(strip(1, addresses + "8100 0007 08"));
}

TEST_CASE("Linux cooked v1: 16 octets, the protocol last") {
  CHECK(strip(113, "0000 0001 0006 020000000001 0000 0800 4500") == ipv4);
  CHECK(strip(113, "0000 0001 0006 020000000001 0000 8100 0007 86dd 6000") == ipv6);
  CHECK_FALSE(strip(113, "0000 0001 0006 020000000001 0000 08"));
}

TEST_CASE("Linux cooked v2: 20 octets, the protocol first") {
  CHECK(strip(276, "0800 0000 00000002 0001 04 06 020000000001 0000 4500") == ipv4);
  CHECK(strip(276, "8100 0000 00000002 0001 04 06 020000000001 0000 0007 0800 4500") == ipv4);
  CHECK_FALSE(strip(276, "0800 0000 00000002 0001 04 06 020000000001 00"));
}

TEST_CASE("raw IP: the version tells") {
  for (const int link_type : {12, 101, 228}) {
    CHECK(strip(link_type, "4500") == ipv4);
    CHECK(strip(link_type, "6000") == ipv6);
    CHECK(strip(link_type, "5000") == Stripped{0, hex("5000")});
    CHECK_FALSE(strip(link_type, ""));
  }
}

TEST_CASE("BSD loopback: the address family in either byte order") {
  CHECK(strip(0, "02000000 4500") == ipv4);
  CHECK(strip(0, "00000002 4500") == ipv4);
  CHECK(strip(108, "00000002 4500") == ipv4);
  for (const auto* family : {"1e000000", "0000001c", "18000000", "0000000a"})
    CHECK(strip(0, std::string(family) + "6000") == ipv6);
  CHECK(strip(0, "07000000 4500") == Stripped{0, hex("4500")});
  CHECK_FALSE(strip(0, "020000"));
}

TEST_CASE("802.11 (105) is not among the link types") {
  for (const int link_type : {0, 1, 12, 101, 108, 113, 228, 276}) CHECK(link_type_is_known(link_type));
  CHECK_FALSE(link_type_is_known(105));
}

TEST_CASE("PPP: two octets of protocol or one, behind address and control or not") {
  for (const int link_type : {9, 50}) {
    CHECK(strip(link_type, "ff03 0021 4500") == ipv4);
    CHECK(strip(link_type, "ff03 0057 6000") == ipv6);
    CHECK(strip(link_type, "0021 4500") == ipv4);
    CHECK(strip(link_type, "21 4500") == ipv4);
    CHECK(strip(link_type, "ff03 c021 0101") == Stripped{0, hex("0101")});  // LCP
    CHECK_FALSE(strip(link_type, "ff03 00"));
    CHECK_FALSE(strip(link_type, "ff03"));
  }
  CHECK(strip(50, "0f00 0800 4500") == ipv4);  // Cisco's HDLC
  CHECK_FALSE(strip(50, "0f00 08"));
}

TEST_CASE("PPPoE: six octets of session, then PPP; discovery is no network layer") {
  CHECK(strip(51, "11 00 0001 0004 0021 4500") == ipv4);
  CHECK(strip(51, "11 00 0001 0004 0057 6000") == ipv6);
  CHECK(strip(51, "11 09 0000 0004 0101 0000") == Stripped{0, hex("0101 0000")});
  CHECK_FALSE(strip(51, "11 00 0001 00"));
}

TEST_CASE("raw IP has several numbers") {
  for (const int link_type : {12, 14, 101, 228}) CHECK(strip(link_type, "4500") == ipv4);
  for (const int link_type : {12, 14, 101, 229}) CHECK(strip(link_type, "6000") == ipv6);
  for (const int link_type : {9, 12, 14, 50, 51, 101, 228, 229}) CHECK(link_type_is_known(link_type));
  CHECK_FALSE(link_type_is_known(105));
}
