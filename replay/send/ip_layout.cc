#include "replay/send/ip_layout.hh"

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

// The packet's end by its length field, or by what there is where segmentation offload left the field at 0.
std::variant<std::size_t, IpProblem> end_of(ByteView packet, std::size_t stated, std::size_t least,
                                            bool quoted) {
  if (quoted || stated == 0) return packet.size();
  if (stated < least) return IpProblem::unreadable;
  if (stated > packet.size()) return IpProblem::cut_short;
  return stated;
}

std::variant<IpLayout, IpProblem> ipv4_layout(ByteView packet, bool quoted) {
  if (packet.size() < ipv4_least) return IpProblem::cut_short;
  const std::size_t header = (packet[0] & 0x0fu) * 4u;
  if (header < ipv4_least) return IpProblem::unreadable;
  if (header > packet.size()) return IpProblem::cut_short;
  const auto end = end_of(packet, get_u16(packet, 2), header, quoted);
  if (const auto* problem = std::get_if<IpProblem>(&end)) return *problem;
  const std::uint16_t where = get_u16(packet, 6);
  return IpLayout{.per_fragment = header,
                  .transport = header,
                  .end = std::get<std::size_t>(end),
                  .protocol = packet[9],
                  .fragment = (where & (offset_bits | more_fragments)) != 0,
                  .first = (where & offset_bits) == 0};
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

std::variant<IpLayout, IpProblem> ipv6_layout(ByteView packet, bool quoted) {
  if (packet.size() < ipv6_header) return IpProblem::cut_short;
  const std::size_t payload = get_u16(packet, 4);
  const auto end = end_of(packet, payload == 0 ? 0 : ipv6_header + payload, ipv6_header, quoted);
  if (const auto* problem = std::get_if<IpProblem>(&end)) return *problem;
  IpLayout layout{.v6 = true,
                  .per_fragment = ipv6_header,
                  .transport = ipv6_header,
                  .end = std::get<std::size_t>(end),
                  .protocol = packet[6]};
  const IpProblem missing = quoted ? IpProblem::cut_short : IpProblem::unreadable;
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
      layout.first = get_u16(packet, at + 2) >> 3 == 0;
    }
    if (layout.protocol == hop_by_hop || layout.protocol == routing) layout.per_fragment = at + *size;
    layout.protocol = packet[at];
    layout.transport = at + *size;
  }
  return layout;
}

}  // namespace

std::variant<IpLayout, IpProblem> find_ip_layout(ByteView packet, bool quoted) {
  if (packet.empty()) return IpProblem::cut_short;
  switch (packet[0] >> 4) {
    case 4: return ipv4_layout(packet, quoted);
    case 6: return ipv6_layout(packet, quoted);
    default: return IpProblem::unreadable;
  }
}

}  // namespace hanglab::replay
