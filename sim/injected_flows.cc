#include "sim/injected_flows.hh"

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"
#include "models/linux/ip_packet.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/tcp_segment.hh"

namespace hanglab::sim {

namespace {

constexpr std::size_t udp_header_size = 8;
constexpr std::size_t acknowledgment_at = 8;
constexpr std::size_t checksum_at = 16;
constexpr std::size_t options_at = 20;
constexpr std::uint8_t option_end = 0;
constexpr std::uint8_t option_none = 1;
constexpr std::uint8_t option_sack = 5;

void put32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  set_u16(bytes, at, static_cast<std::uint16_t>(value >> 16));
  set_u16(bytes, at + 2, static_cast<std::uint16_t>(value));
}

void shift_sack(std::span<std::uint8_t> options, std::uint32_t by) {
  while (!options.empty() && options[0] != option_end) {
    const std::size_t size = options[0] == option_none ? 1 : options.size() > 1 ? options[1] : 0;
    if (size == 0 || size > options.size()) return;
    if (options[0] == option_sack)
      for (std::size_t at = 2; at + 4 <= size; at += 4) put32(options, at, get_u32(options, at) + by);
    options = options.subspan(size);
  }
}

// In the header of a TCP segment. The checksum follows by difference: the segment may be in fragments.
void move_acknowledgments(std::span<std::uint8_t> header, std::uint32_t by) {
  InternetSum change;
  change.subtract(header);
  put32(header, acknowledgment_at, get_u32(header, acknowledgment_at) + by);
  shift_sack(header.subspan(options_at), by);
  change.add(header);
  set_u16(header, checksum_at, change.updated(get_u16(header, checksum_at)));
}

}  // namespace

void InjectedFlows::outgoing(std::span<std::uint8_t> packet) {
  const auto ip = kernel::decode_ip(packet);
  if (!ip || ip->later_fragment || ip->payload.size() < udp_header_size) return;
  if (ip->protocol != kernel::protocol_udp && ip->protocol != kernel::protocol_tcp) return;
  Flow& flow = flows_[{.protocol = ip->protocol,
                       .local = {ip->source, get_u16(ip->payload, 0)},
                       .remote = {ip->destination, get_u16(ip->payload, 2)}}];
  if (ip->protocol != kernel::protocol_tcp) return;
  const auto segment = kernel::decode_tcp(ip->payload);
  if (!segment) return;
  if (segment->syn) flow = {};  // the port is used again
  if (!segment->ack) return;
  if (!flow.shift && flow.expected) flow.shift = *flow.expected - segment->acknowledgment;
  if (!flow.shift) return;
  const auto at = static_cast<std::size_t>(ip->payload.data() - packet.data());
  move_acknowledgments(packet.subspan(at, ip->payload.size() - segment->payload.size()), *flow.shift);
}

bool InjectedFlows::incoming(std::span<const std::uint8_t> packet) {
  const auto ip = kernel::decode_ip(packet);
  if (!ip || ip->payload.size() < udp_header_size) return false;
  const auto found = flows_.find({.protocol = ip->protocol,
                                  .local = {ip->destination, get_u16(ip->payload, 2)},
                                  .remote = {ip->source, get_u16(ip->payload, 0)}});
  if (found == flows_.end()) return false;
  if (ip->protocol == kernel::protocol_tcp)
    if (const auto segment = kernel::decode_tcp(ip->payload); segment && segment->syn && segment->ack)
      found->second.expected = segment->sequence + 1;
  return true;
}

}  // namespace hanglab::sim
