#include "replay/send/fragments.hh"

#include <algorithm>
#include <vector>

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"

namespace hanglab::replay {

namespace {

using ByteView = std::span<const std::uint8_t>;
using Bytes = std::vector<std::uint8_t>;

constexpr std::uint16_t offset_bits = 0x1fff;
constexpr std::uint16_t more_fragments = 0x2000;
constexpr std::size_t fragment_header = 8;  // of IPv6
constexpr std::uint8_t fragment_header_number = 44;
constexpr std::size_t ipv6_header = 40;

std::size_t front(const IpLayout& layout) { return layout.per_fragment + (layout.v6 ? fragment_header : 0); }

// Where the header that names the next one keeps that number: in the fixed header, or in the last that each
// fragment repeats.
std::size_t next_header_at(ByteView packet, const IpLayout& layout) {
  std::size_t at = 6;
  for (std::size_t header = ipv6_header; header < layout.per_fragment;) {
    at = header;
    header += 8 + packet[header + 1] * std::size_t{8};
  }
  return at;
}

Bytes ipv4_front(ByteView packet, const IpLayout& layout, std::size_t offset, bool more, std::size_t size) {
  Bytes bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(layout.per_fragment));
  const std::uint16_t old = get_u16(packet, 6);
  set_u16(bytes, 2, bytes.size() + size);
  set_u16(bytes, 6,
          ((old & offset_bits) + offset / 8) | (more || (old & more_fragments) != 0 ? more_fragments : 0));
  set_u16(bytes, 10, 0);
  set_u16(bytes, 10, internet_checksum(bytes));
  return bytes;
}

Bytes ipv6_front(ByteView packet, const IpLayout& layout, std::size_t offset, bool more, std::size_t size,
                 std::uint32_t identification) {
  Bytes bytes(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(layout.per_fragment));
  const std::size_t next_at = next_header_at(packet, layout);
  const std::uint8_t next = bytes[next_at];
  bytes[next_at] = fragment_header_number;
  bytes.resize(bytes.size() + fragment_header);
  const std::size_t at = layout.per_fragment;
  bytes[at] = next;
  set_u16(bytes, at + 2, offset | (more ? 1u : 0u));
  set_u16(bytes, at + 4, identification >> 16);
  set_u16(bytes, at + 6, identification & 0xffff);
  set_u16(bytes, 4, bytes.size() - ipv6_header + size);
  return bytes;
}

}  // namespace

bool can_fragment(const IpLayout& layout, std::size_t mtu) {
  const bool fragment_of_fragment = layout.v6 && layout.fragment;
  return !fragment_of_fragment && front(layout) + 8 <= mtu;
}

void make_fragments(ByteView packet, const IpLayout& layout, std::size_t mtu, std::uint32_t identification,
                    const std::function<void(ByteView)>& emit) {
  const ByteView data = packet.subspan(layout.per_fragment, layout.end - layout.per_fragment);
  const std::size_t most = (mtu - front(layout)) / 8 * 8;
  for (std::size_t offset = 0; offset < data.size(); offset += most) {
    const std::size_t size = std::min(most, data.size() - offset);
    const bool more = offset + size < data.size();
    Bytes fragment = layout.v6 ? ipv6_front(packet, layout, offset, more, size, identification)
                               : ipv4_front(packet, layout, offset, more, size);
    const ByteView part = data.subspan(offset, size);
    fragment.insert(fragment.end(), part.begin(), part.end());
    emit(fragment);
  }
}

}  // namespace hanglab::replay
