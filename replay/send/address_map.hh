// Addresses and ports of a capture, and what stands for them on the network that it is sent into.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/address.hh"

namespace hanglab::replay {

// All addresses of a network, or a single one. Bits behind the length are 0.
struct IpPrefix {
  IpAddress address;
  int length = 32;

  // Of an address in the order of the network: 4 or 16 octets.
  bool contains(std::span<const std::uint8_t> octets) const;
};

// Each address of one network becomes the one at the same place of another: 10.1.2.3
// under 10.0.0.0/8=192.0.0.0/8 becomes 192.1.2.3.
struct AddressMap {
  IpPrefix from;
  IpPrefix to;
};

struct PortMap {
  std::uint16_t from = 0;
  std::uint16_t to = 0;
};

// "192.0.2.0/24", "2001:db8::/32", "192.0.2.1". Throws InputError, also for bits behind the length.
IpPrefix read_prefix(std::string_view text);
// "ADDR=ADDR" or "PREFIX=PREFIX", of one family and length. Throws InputError.
AddressMap read_address_map(std::string_view text);
// "5353=53". Throws InputError.
PortMap read_port_map(std::string_view text);

// Maps an address in place by the first map that it falls under. Returns whether one did.
bool map_address(std::span<const AddressMap> maps, std::span<std::uint8_t> octets);
// What it becomes by them; itself where it falls under none.
IpAddress mapped_address(std::span<const AddressMap> maps, const IpAddress& address);

}  // namespace hanglab::replay
