// What a packet filter looks at in a packet, the same for IPv4 and IPv6: extension headers are passed over,
// the protocol is that of the transport behind them. Numbers are in host byte order. Source: RFC 791, 792,
// 768, 9293, 8200, 4443; Linux net/ipv6/netfilter/ip6_tables.c (ip6_packet_match).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "models/netfilter/inet_address.hh"

namespace hanglab::kernel {

namespace tcp_flag {
inline constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10, urg = 0x20;
}

struct PacketHeaders {
  IpVersion version = IpVersion::v4;
  InetAddress source{};
  InetAddress destination{};
  std::uint8_t protocol = 0;
  std::uint32_t total_length = 0;     // as the header states it, header included
  std::uint16_t fragment_offset = 0;  // in units of 8 bytes
  bool more_fragments = false;
  std::span<const std::uint8_t> payload{};  // from the transport header on, in a first fragment

  bool later_fragment() const { return fragment_offset != 0; }
  std::uint16_t word(std::size_t offset) const;  // of the payload, big endian
  std::uint16_t source_port() const { return word(0); }
  std::uint16_t destination_port() const { return word(2); }
  std::uint8_t tcp_flags() const { return payload[13] & 0x3f; }
  std::uint8_t icmp_type() const { return payload[0]; }
  std::uint8_t icmp_code() const { return payload[1]; }
  // True if the transport header that `protocol` has is there whole; the accessors above need it.
  bool has_transport_header() const;
  bool is_icmp_error() const;
};

// Nothing if the bytes do not begin with a whole IPv4 header, or IPv6 header with its extensions.
std::optional<PacketHeaders> read_packet(std::span<const std::uint8_t> bytes);

}  // namespace hanglab::kernel
