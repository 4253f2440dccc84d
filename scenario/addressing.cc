#include "scenario/addressing.hh"

#include <algorithm>

namespace hanglab::scenario {

std::uint32_t broadcast_part(int length) { return length == 32 ? 0 : ~std::uint32_t{0} >> length; }

std::uint32_t host_part(const Ipv4Prefix& prefix) {
  return prefix.address.value & broadcast_part(prefix.length);
}

bool is_neighbour(const Interface& interface, Ipv4Address address) {
  const auto holds = [&](Ipv4Address own) {
    return Ipv4Prefix{own, interface.address.length}.contains(address);
  };
  return holds(interface.address.address) || std::ranges::any_of(interface.more_addresses, holds);
}

bool owns(const Host& host, Ipv4Address address) {
  return std::ranges::any_of(host.interfaces, [&](const Interface& one) {
    return one.address.address == address || std::ranges::count(one.more_addresses, address) > 0;
  });
}

}  // namespace hanglab::scenario
