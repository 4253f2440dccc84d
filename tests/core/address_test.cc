#include "core/address.hh"

#include <catch2/catch.hpp>

using namespace hanglab;

TEST_CASE("an IPv4 address is four decimal parts of at most 255") {
  CHECK(parse_ipv4("192.168.122.119") == Ipv4Address{0xc0a87a77});
  CHECK(to_string(Ipv4Address{0xc0a87a77}) == "192.168.122.119");
  for (const auto* text :
       {"", "10.0.0.256", "10.0.0", "10.0.0.1.2", "10.0.0.1 ", "+1.2.3.4", "a.b.c.d", "::1"})
    CHECK_FALSE(parse_ipv4(text));
}

TEST_CASE("a prefix is an address and up to 32 bits") {
  CHECK(parse_ipv4_prefix("192.168.122.0/24") == Ipv4Prefix{{0xc0a87a00}, 24});
  CHECK(parse_ipv4_prefix("10.0.0.1") == Ipv4Prefix{{0x0a000001}, 32});
  for (const auto* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "/8"})
    CHECK_FALSE(parse_ipv4_prefix(text));
  CHECK(to_string(Ipv4Prefix{{0xc0a87a00}, 24}) == "192.168.122.0/24");
}

TEST_CASE("a prefix contains the addresses that share its bits") {
  const Ipv4Prefix network{{0xc0a87a00}, 24};
  CHECK(network.contains({0xc0a87a77}));
  CHECK_FALSE(network.contains({0xc0a87b77}));
  CHECK(Ipv4Prefix{{0}, 0}.contains({0xffffffff}));
  CHECK(Ipv4Prefix{{1}, 32}.contains({1}));
  CHECK_FALSE(Ipv4Prefix{{1}, 32}.contains({0}));
}

TEST_CASE("an IPv6 address is printed as RFC 5952 wants it") {
  const auto address = parse_ipv6("2001:0DB8:0:0:0:0:0:1");
  REQUIRE(address);
  CHECK(to_string(*address) == "2001:db8::1");
  CHECK_FALSE(parse_ipv6("2001:db8"));
}

TEST_CASE("either family is an address") {
  CHECK(to_string(*parse_ip("10.0.0.1")) == "10.0.0.1");
  CHECK(to_string(*parse_ip("::1")) == "::1");
  CHECK_FALSE(parse_ip("localhost"));
  CHECK(to_string(Endpoint{Ipv4Address{0xc0a87a01}, 53}) == "192.168.122.1:53");
}
