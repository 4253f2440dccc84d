// A packet of either version of IP, as far as transport protocols care: who sends what to whom. And what an
// ICMP or ICMPv6 "destination unreachable" means to a socket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/address.hh"
#include "models/netfilter/iptables.hh"

namespace hanglab::kernel {

struct IpPacket {
  IpAddress source{};
  IpAddress destination{};
  std::uint8_t protocol = 0;
  bool later_fragment = false;
  std::span<const std::uint8_t> payload{};
};

// Empty when it is no IP packet or is cut short. A quoted packet is cut short by nature: `quoted` accepts it.
std::optional<IpPacket> decode_ip(std::span<const std::uint8_t> bytes, bool quoted = false);

// ICMP or ICMPv6 by the version of the addresses. The code is that version's.
std::vector<std::uint8_t> encode_unreachable(std::uint8_t code, std::span<const std::uint8_t> packet,
                                             const IpAddress& source, const IpAddress& destination);

struct Unreachable {
  int error = 0;       // errno
  bool final = false;  // one that is not may pass, and only tells those who ask for all
  IpPacket about{};    // what it quotes
};
std::optional<Unreachable> decode_unreachable(const IpPacket& packet);

std::uint8_t icmp_code(RejectWith how);  // not for tcp_reset
RejectWith port_unreachable(IpVersion version);
// For a protocol that nobody speaks here; in IPv6 the answer would be "parameter problem", which the lab has
// not.
std::optional<RejectWith> protocol_unreachable(IpVersion version);

}  // namespace hanglab::kernel
