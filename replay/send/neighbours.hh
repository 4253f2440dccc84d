// Whom a packet for an address has to be handed to on an interface, as this network namespace's routes and
// its neighbour table (ARP, neighbour discovery) say: rtnetlink(7), RTM_GETROUTE and RTM_GETNEIGH. Nobody is
// asked who is not known already, since that would be traffic of our own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "replay/send/address_map.hh"
#include "replay/send/mac_address.hh"

struct mnl_socket;

namespace hanglab::replay {

class Neighbours {
 public:
  // Of the interface with that index. Throws Error where the kernel does not tell.
  explicit Neighbours(int interface);

  // Of an address in the order of the network: 4 or 16 octets. Nothing where its route leads elsewhere, or
  // the next hop's hardware address is not known.
  std::optional<MacAddress> next_hop(std::span<const std::uint8_t> address);

 private:
  using Octets = std::vector<std::uint8_t>;

  Octets next_hop_address(std::span<const std::uint8_t> address);  // empty: not on this interface

  struct Close {
    void operator()(mnl_socket* socket) const;
  };

  int interface_;
  std::unique_ptr<mnl_socket, Close> netlink_;
  std::map<Octets, MacAddress> known_{};
  std::map<Octets, std::optional<MacAddress>> asked_{};
};

// The networks that the interface of that name has addresses in.
std::vector<IpPrefix> networks_of(const std::string& interface);

}  // namespace hanglab::replay
