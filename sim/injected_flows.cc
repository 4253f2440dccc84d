#include "sim/injected_flows.hh"

#include "core/big_endian.hh"
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

}  // namespace

void InjectedFlows::outgoing(std::span<std::uint8_t> packet) {
  const auto ip = kernel::decode_ipv4(packet);
  if (!ip || ip->header.fragment_offset != 0 || ip->payload.size() < udp_header_size) return;
  const auto& header = ip->header;
  if (header.protocol != kernel::protocol_udp && header.protocol != kernel::protocol_tcp) return;
  Flow& flow = flows_[{.protocol = header.protocol,
                       .local = {header.source, get_u16(ip->payload, 0)},
                       .remote = {header.destination, get_u16(ip->payload, 2)}}];
  if (header.protocol != kernel::protocol_tcp) return;
  const auto segment = kernel::decode_tcp(ip->payload);
  if (!segment) return;
  if (segment->syn) flow = {};  // the port is used again
  if (!segment->ack) return;
  if (!flow.shift && flow.expected) flow.shift = *flow.expected - segment->acknowledgment;
  if (!flow.shift) return;
  const auto message =
      packet.subspan(static_cast<std::size_t>(ip->payload.data() - packet.data()), ip->payload.size());
  put32(message, acknowledgment_at, segment->acknowledgment + *flow.shift);
  const std::size_t header_size = static_cast<std::size_t>(message[12] >> 4) * 4;
  shift_sack(message.first(header_size).subspan(options_at), *flow.shift);
  set_u16(message, checksum_at, 0);
  set_u16(message, checksum_at,
          kernel::transport_checksum(message, header.source, header.destination, header.protocol));
}

bool InjectedFlows::incoming(std::span<const std::uint8_t> packet) {
  const auto ip = kernel::decode_ipv4(packet);
  if (!ip || ip->payload.size() < udp_header_size) return false;
  const auto found = flows_.find({.protocol = ip->header.protocol,
                                  .local = {ip->header.destination, get_u16(ip->payload, 2)},
                                  .remote = {ip->header.source, get_u16(ip->payload, 0)}});
  if (found == flows_.end()) return false;
  if (ip->header.protocol == kernel::protocol_tcp)
    if (const auto segment = kernel::decode_tcp(ip->payload); segment && segment->syn && segment->ack)
      found->second.expected = segment->sequence + 1;
  return true;
}

}  // namespace hanglab::sim
