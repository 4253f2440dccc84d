#include "replay/send/address_map.hh"

#include <catch2/catch.hpp>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

using Octets = std::vector<std::uint8_t>;

Octets mapped(const std::vector<AddressMap>& maps, Octets address) {
  map_address(maps, address);
  return address;
}

}  // namespace

TEST_CASE("An address moves to the same place of the other network") {
  const std::vector maps{read_address_map("10.1.0.0/16=192.168.0.0/16"),
                         read_address_map("10.0.0.0/9=172.0.0.0/9"),
                         read_address_map("2001:db8::/33=fd00::/33")};
  CHECK(mapped(maps, {10, 1, 2, 3}) == Octets{192, 168, 2, 3});
  CHECK(mapped(maps, {10, 127, 2, 3}) == Octets{172, 127, 2, 3});
  CHECK(mapped(maps, {10, 128, 2, 3}) == Octets{10, 128, 2, 3});
  const Octets v6{0x20, 0x01, 0x0d, 0xb8, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9};
  CHECK(mapped(maps, v6) == Octets{0xfd, 0, 0, 0, 0x7f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9});
}

TEST_CASE("One address maps alone") {
  const std::vector maps{read_address_map("192.0.2.1=198.51.100.7")};
  CHECK(mapped(maps, {192, 0, 2, 1}) == Octets{198, 51, 100, 7});
  CHECK(mapped(maps, {192, 0, 2, 2}) == Octets{192, 0, 2, 2});
  CHECK(mapped_address(maps, *parse_ip("192.0.2.1")) == *parse_ip("198.51.100.7"));
  CHECK(mapped_address(maps, *parse_ip("192.0.2.2")) == *parse_ip("192.0.2.2"));
  CHECK(mapped_address({}, *parse_ip("2001:db8::9")) == *parse_ip("2001:db8::9"));
}

TEST_CASE("All addresses are in the network of length 0") {
  CHECK(read_prefix("0.0.0.0/0").contains(Octets{203, 0, 113, 9}));
  CHECK_FALSE(read_prefix("0.0.0.0/0").contains(Octets(16, 0)));
}

TEST_CASE("What is no map says why") {
  const auto why = [](const char* text) -> std::string {
    try {
      read_address_map(text);
    } catch (const InputError& error) {
      return error.what();
    }
    return "read";
  };
  CHECK(why("10.0.0.1") == "10.0.0.1: reads ADDRESS=ADDRESS or NETWORK=NETWORK");
  CHECK(why("10.0.0.1/24=10.1.0.0/24") == "10.0.0.1/24: the address has bits behind /24");
  CHECK(why("10.0.0.0/24=10.1.0.0/16") == "10.0.0.0/24=10.1.0.0/16: the networks are not of one size");
  CHECK(why("10.0.0.1=::1") == "10.0.0.1=::1: maps between IPv4 and IPv6");
  CHECK(why("10.0.0.300=10.0.0.1") == "10.0.0.300: is no address");
  CHECK(why("10.0.0.0/33=10.0.0.0/33") == "10.0.0.0/33: the length of a network is 0 to 32");
  CHECK_THROWS_WITH(read_port_map("53=65536"), "53=65536: a port is a number up to 65535");
  CHECK(read_port_map("5353=53").to == 53);
}

}  // namespace hanglab::replay
