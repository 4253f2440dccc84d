#include "replay/ip_checksum.hh"

#include <algorithm>

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"

namespace hanglab::replay {

namespace {

using ByteView = std::span<const std::uint8_t>;

constexpr std::size_t ipv4_checksum_at = 10;

InternetSum pseudo_header(ByteView packet, const IpLayout& layout, std::size_t length) {
  InternetSum sum;
  sum.add(packet.subspan(layout.source(), 2 * layout.address_size()));
  sum.add(layout.protocol);
  sum.add(static_cast<std::uint16_t>(length));
  return sum;
}

Checksum check_header(ByteView packet, const IpLayout& layout) {
  if (layout.v6 || internet_checksum(packet.first(layout.per_fragment)) == 0) return Checksum::right;
  return get_u16(packet, ipv4_checksum_at) == 0 ? Checksum::left_to_interface : Checksum::wrong;
}

Checksum check_transport(ByteView packet, const IpLayout& layout) {
  if (layout.fragment || layout.end < layout.stated_end) return Checksum::right;
  const auto at = transport_checksum_at(packet, layout);
  if (!at || transport_sum(packet, layout) == 0) return Checksum::right;
  const std::uint16_t stated = get_u16(packet, *at);
  if (stated == 0) return Checksum::left_to_interface;
  // Segmentation offload may leave the length out, which differs from part to part.
  for (const std::size_t length : {layout.end - layout.transport, std::size_t{0}})
    if (stated == static_cast<std::uint16_t>(~pseudo_header(packet, layout, length).checksum()))
      return Checksum::left_to_interface;
  return Checksum::wrong;
}

}  // namespace

std::optional<std::size_t> transport_checksum_at(ByteView packet, const IpLayout& layout) {
  if (!layout.first) return {};
  std::size_t at = layout.transport;
  switch (layout.protocol) {
    case ip_tcp: at += 16; break;
    case ip_udp: at += 6; break;
    case ip_icmp:
    case ip_icmpv6: at += 2; break;
    default: return {};
  }
  if (at + 2 > layout.end) return {};
  // RFC 768: 0 is no checksum; not under IPv6 (RFC 8200 8.1).
  if (layout.protocol == ip_udp && get_u16(packet, at) == 0 && !layout.v6) return {};
  return at;
}

std::uint16_t transport_sum(ByteView packet, const IpLayout& layout) {
  const std::size_t length = layout.end - layout.transport;
  InternetSum sum = layout.protocol == ip_icmp ? InternetSum() : pseudo_header(packet, layout, length);
  sum.add(packet.subspan(layout.transport, length));
  return sum.checksum();
}

Checksum check_sums(ByteView packet, const IpLayout& layout) {
  return std::max(check_header(packet, layout), check_transport(packet, layout));
}

}  // namespace hanglab::replay
