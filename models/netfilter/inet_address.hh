// An address of either family as a packet filter keeps it: four words in host byte order, of which an IPv4
// address fills the first and leaves the others 0, so that one comparison serves both.
// Source: Linux include/uapi/linux/netfilter.h (union nf_inet_addr).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>

#include "core/address.hh"
#include "core/big_endian.hh"

namespace hanglab::kernel {

struct InetAddress {
  std::array<std::uint32_t, 4> words{};

  InetAddress() = default;
  InetAddress(Ipv4Address address) : words{address.value} {}
  InetAddress(const Ipv6Address& address) {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] = get_u32(address.bytes, 4 * i);
  }

  InetAddress operator&(const InetAddress& mask) const {
    InetAddress masked;
    for (std::size_t i = 0; i < words.size(); ++i) masked.words[i] = words[i] & mask.words[i];
    return masked;
  }
  auto operator<=>(const InetAddress&) const = default;
};

// Of so many bits; of IPv4 at most 32.
inline InetAddress prefix_mask(unsigned length) {
  InetAddress mask;
  for (std::size_t i = 0; i < mask.words.size() && length > 0; ++i) {
    const unsigned bits = length < 32 ? length : 32;
    mask.words[i] = ~std::uint32_t{0} << (32 - bits);
    length -= bits;
  }
  return mask;
}

}  // namespace hanglab::kernel
