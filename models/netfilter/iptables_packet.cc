#include "models/netfilter/iptables_packet.hh"

#include <algorithm>

#include "core/big_endian.hh"

#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

namespace {

constexpr std::uint8_t first_icmpv6_query = 128;  // below are errors (RFC 4443 2.1)

std::size_t transport_header_size(std::uint8_t number) {
  switch (number) {
    case protocol::tcp: return 20;
    case protocol::udp: return 8;
    case protocol::icmp:
    case protocol::icmpv6: return 4;
    default: return 0;
  }
}

}  // namespace

std::uint16_t PacketHeaders::word(std::size_t offset) const { return get_u16(payload, offset); }

bool PacketHeaders::has_transport_header() const {
  return !later_fragment() && payload.size() >= transport_header_size(protocol);
}

bool PacketHeaders::is_icmp_error() const {
  if (!has_transport_header()) return false;
  if (protocol == protocol::icmpv6) return icmp_type() < first_icmpv6_query;
  if (protocol != protocol::icmp) return false;
  switch (icmp_type()) {
    case 3:   // destination unreachable
    case 4:   // source quench
    case 5:   // redirect
    case 11:  // time exceeded
    case 12:  // parameter problem
      return true;
    default: return false;
  }
}

namespace {

std::optional<PacketHeaders> read_ipv4(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 20) return {};
  const std::size_t header_size = (bytes[0] & 0x0fu) * 4;
  if (header_size < 20 || bytes.size() < header_size) return {};
  const std::uint16_t total_length = get_u16(bytes, 2);
  const std::uint16_t fragment = get_u16(bytes, 6);
  const auto end = std::clamp<std::size_t>(total_length, header_size, bytes.size());
  return PacketHeaders{.source = Ipv4Address{get_u32(bytes, 12)},
                       .destination = Ipv4Address{get_u32(bytes, 16)},
                       .protocol = bytes[9],
                       .total_length = total_length,
                       .fragment_offset = static_cast<std::uint16_t>(fragment & 0x1fff),
                       .more_fragments = (fragment & 0x2000) != 0,
                       .payload = bytes.subspan(header_size, end - header_size)};
}

Ipv6Address ipv6_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  Ipv6Address address;
  std::ranges::copy(bytes.subspan(offset, address.bytes.size()), address.bytes.begin());
  return address;
}

std::optional<PacketHeaders> read_ipv6(std::span<const std::uint8_t> bytes) {
  constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, authentication = 51, options = 60;
  constexpr std::size_t header_size = 40;
  if (bytes.size() < header_size) return {};
  const std::size_t total_length = header_size + get_u16(bytes, 4);
  PacketHeaders packet{.version = IpVersion::v6,
                       .source = ipv6_at(bytes, 8),
                       .destination = ipv6_at(bytes, 24),
                       .protocol = bytes[6],
                       .total_length = static_cast<std::uint32_t>(total_length)};
  bytes = bytes.first(std::min(total_length, bytes.size()));
  std::size_t at = header_size;
  while (!packet.later_fragment()) {
    const bool is_fragment = packet.protocol == fragment;
    const bool is_extension = is_fragment || packet.protocol == hop_by_hop || packet.protocol == routing ||
                              packet.protocol == options || packet.protocol == authentication;
    if (!is_extension) break;
    if (bytes.size() < at + 8) return {};
    std::size_t size = 8 * (std::size_t{bytes[at + 1]} + 1);
    if (packet.protocol == authentication) size = 4 * (std::size_t{bytes[at + 1]} + 2);
    if (is_fragment) {
      size = 8;
      packet.fragment_offset = static_cast<std::uint16_t>(get_u16(bytes, at + 2) >> 3);
      packet.more_fragments = (bytes[at + 3] & 1) != 0;
    }
    packet.protocol = bytes[at];
    at += size;
    if (bytes.size() < at) return {};
  }
  packet.payload = bytes.subspan(at);
  return packet;
}

}  // namespace

std::optional<PacketHeaders> read_packet(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return {};
  switch (bytes[0] >> 4) {
    case 4: return read_ipv4(bytes);
    case 6: return read_ipv6(bytes);
    default: return {};
  }
}

}  // namespace hanglab::kernel
