// Questions about addresses that several readers ask.
#pragma once

#include <cstdint>

#include "scenario/scenario.hh"

namespace hanglab::scenario {

std::uint32_t host_part(const Ipv4Prefix& prefix);  // the bits behind the network's
std::uint32_t broadcast_part(int length);           // all of those bits set

// Whether one of the interface's addresses is in one network with this.
bool is_neighbour(const Interface& interface, Ipv4Address address);
bool owns(const Host& host, Ipv4Address address);  // lo's 127.0.0.0/8 aside

}  // namespace hanglab::scenario
