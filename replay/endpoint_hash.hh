// Hashes of addresses and endpoints, for tables of many.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/address.hh"

namespace hanglab::replay {

// The finalizer of SplitMix64 (core/random.hh names its source).
constexpr std::uint64_t mixed(std::uint64_t bits) {
  bits = (bits ^ bits >> 30) * 0xbf58'476d'1ce4'e5b9u;
  bits = (bits ^ bits >> 27) * 0x94d0'49bb'1331'11ebu;
  return bits ^ bits >> 31;
}

struct EndpointHash {
  std::size_t operator()(const IpAddress& address) const {
    const auto* v6 = std::get_if<Ipv6Address>(&address);
    if (v6 == nullptr) return mixed(ipv4_of(address).value);
    std::uint64_t halves[2];
    std::memcpy(halves, v6->bytes.data(), sizeof halves);
    return mixed(mixed(halves[0]) + halves[1]);
  }
  std::size_t operator()(const Endpoint& endpoint) const {
    return mixed((*this)(endpoint.address) + endpoint.port);
  }
  std::size_t operator()(const std::pair<Endpoint, Endpoint>& flow) const {
    return mixed((*this)(flow.first) * 3 + (*this)(flow.second));
  }
};

}  // namespace hanglab::replay
