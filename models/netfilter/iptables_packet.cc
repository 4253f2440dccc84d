#include "models/netfilter/iptables_packet.hh"

#include <algorithm>

#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

namespace {

std::uint16_t word_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  return static_cast<std::uint16_t>(bytes[offset] << 8 | bytes[offset + 1]);
}

std::uint32_t address_at(std::span<const std::uint8_t> bytes, std::size_t offset) {
  return std::uint32_t{word_at(bytes, offset)} << 16 | word_at(bytes, offset + 2);
}

std::size_t transport_header_size(std::uint8_t number) {
  switch (number) {
    case protocol::tcp: return 20;
    case protocol::udp: return 8;
    case protocol::icmp: return 4;
    default: return 0;
  }
}

}  // namespace

std::uint16_t PacketHeaders::word(std::size_t offset) const { return word_at(payload, offset); }

bool PacketHeaders::has_transport_header() const {
  return !later_fragment() && payload.size() >= transport_header_size(protocol);
}

bool PacketHeaders::is_icmp_error() const {
  if (protocol != protocol::icmp || !has_transport_header()) return false;
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

std::optional<PacketHeaders> read_packet(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < 20 || bytes[0] >> 4 != 4) return {};
  const std::size_t header_size = (bytes[0] & 0x0fu) * 4;
  if (header_size < 20 || bytes.size() < header_size) return {};
  const std::uint16_t total_length = word_at(bytes, 2);
  const std::uint16_t fragment = word_at(bytes, 6);
  const auto end = std::clamp<std::size_t>(total_length, header_size, bytes.size());
  return PacketHeaders{.source = address_at(bytes, 12),
                       .destination = address_at(bytes, 16),
                       .protocol = bytes[9],
                       .total_length = total_length,
                       .id = word_at(bytes, 4),
                       .fragment_offset = static_cast<std::uint16_t>(fragment & 0x1fff),
                       .more_fragments = (fragment & 0x2000) != 0,
                       .payload = bytes.subspan(header_size, end - header_size)};
}

}  // namespace hanglab::kernel
