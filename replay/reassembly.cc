#include "replay/reassembly.hh"

#include <algorithm>

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;
using ByteView = std::span<const std::uint8_t>;

constexpr Duration patience_v4 = 30s;
constexpr Duration patience_v6 = 60s;
constexpr std::size_t fragment_header = 8;  // of IPv6
constexpr std::size_t ipv6_header = 40;
constexpr std::size_t longest_packet = 65'535;
constexpr std::size_t most_pieces = 8192;  // of 8 octets each

IpAddress address_at(ByteView bytes, std::size_t at, bool v6) {
  if (!v6) return Ipv4Address{get_u32(bytes, at)};
  Ipv6Address address;
  std::ranges::copy(bytes.subspan(at, address.bytes.size()), address.bytes.begin());
  return address;
}

// IPv6 has one number space for all protocols, and knows the protocol from the first fragment only.
std::uint8_t protocol_of(const IpLayout& layout) { return layout.v6 ? std::uint8_t{0} : layout.protocol; }

std::vector<std::uint8_t> uncut_header(ByteView packet, const IpLayout& layout) {
  const std::size_t size = layout.v6 ? layout.data - fragment_header : layout.data;
  std::vector<std::uint8_t> header(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
  if (layout.v6)
    header[layout.named] = packet[size];
  else
    set_u16(header, 6, 0);
  return header;
}

void set_length(std::vector<std::uint8_t>& header, bool v6, std::size_t data) {
  if (v6) {
    set_u16(header, 4, header.size() - ipv6_header + data);
    return;
  }
  set_u16(header, 2, header.size() + data);
  set_u16(header, 10, 0);
  set_u16(header, 10, internet_checksum(header));
}

}  // namespace

std::optional<Reassembler::Whole> Reassembler::add(ByteView packet, const IpLayout& layout, Duration at) {
  while (!packets_.empty() && at - packets_.front().since > patience_v6) give_up(packets_.begin());
  const Key key{address_at(packet, layout.source(), layout.v6),
                address_at(packet, layout.destination(), layout.v6), layout.identification,
                protocol_of(layout)};
  auto known = by_key_.find(key);
  if (known != by_key_.end() && at - known->second->since > (layout.v6 ? patience_v6 : patience_v4)) {
    give_up(known->second);
    known = by_key_.end();
  }
  if (known == by_key_.end()) {
    if (packets_.size() >= limits_.packets) give_up(packets_.begin());
    packets_.push_back({.key = key, .since = at, .v6 = layout.v6});
    known = by_key_.emplace(key, std::prev(packets_.end())).first;
  }
  const auto entry = known->second;
  ++entry->fragments;
  ++waiting_;
  insert(*entry, packet, layout);
  if (!entry->spoilt && entry->covered == entry->size) {
    Whole whole{.packet = join(*entry), .fragments = entry->fragments};
    waiting_ -= entry->fragments;
    forget(entry);
    return whole;
  }
  while (octets_ > limits_.octets) give_up(packets_.begin());
  return {};
}

void Reassembler::insert(Packet& packet, ByteView bytes, const IpLayout& layout) {
  if (packet.spoilt) return;
  const ByteView data = bytes.subspan(layout.data, layout.end - layout.data);
  const std::size_t size = layout.stated_end - layout.data;
  const std::size_t end = layout.offset + size;
  const auto next = std::ranges::lower_bound(packet.pieces, layout.offset, {}, &Piece::offset);
  const bool again = next != packet.pieces.end() && next->offset == layout.offset && next->size == size &&
                     std::ranges::equal(next->data, data);
  if (again) return;
  const bool overlaps =
      (next != packet.pieces.end() && next->offset < end) ||
      (next != packet.pieces.begin() && std::prev(next)->offset + std::prev(next)->size > layout.offset);
  const bool beyond_end = packet.size && (end > *packet.size || !layout.more);
  const bool uneven = layout.more && size % 8 != 0;
  if (overlaps || beyond_end || uneven || size == 0 || end > longest_packet ||
      packet.pieces.size() == most_pieces) {
    packet.spoilt = true;
    octets_ -= packet.octets;
    packet.octets = 0;
    packet.pieces.clear();
    return;
  }
  packet.pieces.insert(next, {.offset = layout.offset, .data = {data.begin(), data.end()}, .size = size});
  packet.covered += size;
  packet.octets += data.size() + sizeof(Piece);
  octets_ += data.size() + sizeof(Piece);
  if (!layout.more) packet.size = end;
  if (layout.first) packet.header = uncut_header(bytes, layout);
}

// As far as the capture has it without a gap.
std::vector<std::uint8_t> Reassembler::join(const Packet& packet) {
  std::vector<std::uint8_t> bytes = packet.header;
  set_length(bytes, packet.v6, *packet.size);
  for (const Piece& piece : packet.pieces) {
    bytes.insert(bytes.end(), piece.data.begin(), piece.data.end());
    if (piece.data.size() < piece.size) break;
  }
  return bytes;
}

void Reassembler::forget(Packets::iterator packet) {
  octets_ -= packet->octets;
  by_key_.erase(packet->key);
  packets_.erase(packet);
}

void Reassembler::give_up(Packets::iterator packet) {
  given_up_ += packet->fragments;
  waiting_ -= packet->fragments;
  forget(packet);
}

}  // namespace hanglab::replay
