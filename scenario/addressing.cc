#include "scenario/addressing.hh"

#include <algorithm>

namespace hanglab::scenario {

std::uint32_t broadcast_part(int length) { return length == 32 ? 0 : ~std::uint32_t{0} >> length; }

std::uint32_t host_part(const Ipv4Prefix& prefix) {
  return prefix.address.value & broadcast_part(prefix.length);
}

bool has_host_part(const Ipv6Prefix& prefix) {
  Ipv6Address host = prefix.address;
  for (int bit = 0; bit < prefix.length; ++bit)
    host.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80u >> (bit % 8)));
  return host != Ipv6Address{};
}

bool is_neighbour(const Interface& interface, const IpAddress& address) {
  if (is_ipv6(address))
    return std::ranges::any_of(interface.ipv6_addresses,
                               [&](const Ipv6Prefix& own) { return own.contains(ipv6_of(address)); });
  const auto holds = [&](Ipv4Address own) {
    return Ipv4Prefix{own, interface.address.length}.contains(ipv4_of(address));
  };
  return (interface.has_ipv4() && holds(interface.address.address)) ||
         std::ranges::any_of(interface.more_addresses, holds);
}

bool owns(const Host& host, const IpAddress& address) {
  return std::ranges::any_of(host.interfaces, [&](const Interface& one) {
    const auto own = one.addresses();
    return std::ranges::find(own, address) != own.end();
  });
}

}  // namespace hanglab::scenario
