#include "replay/ip_layout.hh"

#include <algorithm>
#include <optional>

#include "core/big_endian.hh"

namespace hanglab::replay {

namespace {

using ByteView = std::span<const std::uint8_t>;

constexpr std::size_t ipv4_least = 20;
constexpr std::size_t ipv6_header = 40;
constexpr std::uint16_t offset_bits = 0x1fff;
constexpr std::uint16_t more_fragments = 0x2000;

enum ExtensionHeader : std::uint8_t {
  hop_by_hop = 0,
  routing = 43,
  fragment = 44,
  authentication = 51,
  options = 60
};

// Sets the packet's end by its length field, or by what there is where segmentation offload left the field at
// 0.
std::optional<IpProblem> set_end(IpLayout& layout, ByteView packet, std::size_t stated, IpExtent extent) {
  layout.end = layout.stated_end = packet.size();
  if (extent == IpExtent::quoted || stated == 0) return {};
  if (stated < layout.transport) return IpProblem::unreadable;
  if (stated > packet.size() && extent == IpExtent::whole) return IpProblem::cut_short;
  layout.stated_end = stated;
  layout.end = std::min(stated, packet.size());
  return {};
}

std::variant<IpLayout, IpProblem> ipv4_layout(ByteView packet, IpExtent extent) {
  if (packet.size() < ipv4_least) return IpProblem::cut_short;
  const std::size_t header = (packet[0] & 0x0fu) * 4u;
  if (header < ipv4_least) return IpProblem::unreadable;
  if (header > packet.size()) return IpProblem::cut_short;
  const std::uint16_t where = get_u16(packet, 6);
  IpLayout layout{.per_fragment = header,
                  .transport = header,
                  .protocol = packet[9],
                  .fragment = (where & (offset_bits | more_fragments)) != 0,
                  .first = (where & offset_bits) == 0,
                  .offset = (where & offset_bits) * std::size_t{8},
                  .more = (where & more_fragments) != 0,
                  .data = header,
                  .identification = get_u16(packet, 4)};
  if (const auto problem = set_end(layout, packet, get_u16(packet, 2), extent)) return *problem;
  return layout;
}

// The size of the extension header at `at`; nothing if it is none, or is the fragment header.
std::optional<std::size_t> extension_size(ByteView packet, std::size_t at, std::uint8_t header) {
  switch (header) {
    case hop_by_hop:
    case routing:
    case options: return 8 + packet[at + 1] * std::size_t{8};
    case authentication: return 8 + packet[at + 1] * std::size_t{4};
    default: return {};
  }
}

std::variant<IpLayout, IpProblem> ipv6_layout(ByteView packet, IpExtent extent) {
  if (packet.size() < ipv6_header) return IpProblem::cut_short;
  const std::size_t payload = get_u16(packet, 4);
  IpLayout layout{.v6 = true, .per_fragment = ipv6_header, .transport = ipv6_header, .protocol = packet[6]};
  if (const auto problem = set_end(layout, packet, payload == 0 ? 0 : ipv6_header + payload, extent))
    return *problem;
  const bool cut = extent == IpExtent::quoted || layout.end < layout.stated_end;
  const IpProblem missing = cut ? IpProblem::cut_short : IpProblem::unreadable;
  std::size_t named = 6;
  while (layout.first) {
    const std::size_t at = layout.transport;
    const bool is_fragment = layout.protocol == fragment;
    if (at + 8 > layout.end) {
      if (is_fragment || extension_size(packet, 0, layout.protocol)) return missing;
      return layout;
    }
    const auto size =
        is_fragment ? std::optional<std::size_t>(8) : extension_size(packet, at, layout.protocol);
    if (!size) return layout;
    if (at + *size > layout.end) return missing;
    if (is_fragment) {
      layout.fragment = true;
      layout.offset = get_u16(packet, at + 2) & ~std::size_t{7};
      layout.more = (packet[at + 3] & 1) != 0;
      layout.data = at + 8;
      layout.named = named;
      layout.identification = get_u32(packet, at + 4);
      layout.first = layout.offset == 0;
    }
    if (layout.protocol == hop_by_hop || layout.protocol == routing) layout.per_fragment = at + *size;
    layout.protocol = packet[at];
    named = at;
    layout.transport = at + *size;
  }
  return layout;
}

}  // namespace

std::variant<IpLayout, IpProblem> find_ip_layout(ByteView packet, IpExtent extent) {
  if (packet.empty()) return IpProblem::cut_short;
  switch (packet[0] >> 4) {
    case 4: return ipv4_layout(packet, extent);
    case 6: return ipv6_layout(packet, extent);
    default: return IpProblem::unreadable;
  }
}

}  // namespace hanglab::replay
