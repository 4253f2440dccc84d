// Questions about addresses that several readers ask.
#pragma once

#include <cstdint>

#include "scenario/scenario.hh"

namespace hanglab::scenario {

std::uint32_t host_part(const Ipv4Prefix& prefix);  // the bits behind the network's
std::uint32_t broadcast_part(int length);           // all of those bits set
bool has_host_part(const Ipv6Prefix& prefix);       // some bit behind the network's is set

// Whether one of the interface's addresses is in one network with this.
bool is_neighbour(const Interface& interface, const IpAddress& address);
bool owns(const Host& host, const IpAddress& address);  // lo's aside

}  // namespace hanglab::scenario
