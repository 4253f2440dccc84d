#include "replay/ipv4_packet.hh"

#include <tins/exceptions.h>
#include <tins/icmp.h>
#include <tins/ip.h>
#include <tins/rawpdu.h>
#include <tins/tcp.h>
#include <tins/udp.h>

#include <algorithm>

#include "core/big_endian.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t ip_header_least = 20;
constexpr std::size_t udp_header_size = 8;
constexpr std::uint8_t protocol_tcp = 6;
constexpr std::uint8_t protocol_udp = 17;

std::vector<std::uint8_t> payload_of(const Tins::PDU& pdu) {
  const auto* raw = pdu.find_pdu<Tins::RawPDU>();
  return raw == nullptr ? std::vector<std::uint8_t>{} : raw->payload();
}

// Routers quote as little as 8 octets behind the IP header (RFC 792): enough for the ports.
std::variant<CapturedPacket, Unusable> read_icmp(CapturedPacket packet, const Tins::ICMP& icmp) {
  const auto type = static_cast<std::uint8_t>(icmp.type());
  if (!is_icmp_error(type)) return Unusable::not_dns;
  const auto quoted = payload_of(icmp);
  if (quoted.size() < ip_header_least) return Unusable::unreadable;
  const std::size_t transport_at = (quoted[0] & 0x0fu) * 4u;
  const std::uint8_t protocol = quoted[9];
  if (protocol != protocol_tcp && protocol != protocol_udp) return Unusable::not_dns;
  if (transport_at < ip_header_least || quoted.size() < transport_at + 4) return Unusable::unreadable;
  const IcmpError error{
      .type = type,
      .code = icmp.code(),
      .about = protocol == protocol_tcp ? Transport::tcp : Transport::udp,
      .about_source = {Ipv4Address{get_u32(quoted, 12)}, get_u16(quoted, transport_at)},
      .about_destination = {Ipv4Address{get_u32(quoted, 16)}, get_u16(quoted, transport_at + 2)}};
  if (error.about_source.port != dns_port && error.about_destination.port != dns_port)
    return Unusable::not_dns;
  packet.header = error;
  return packet;
}

// `size` is that of the transport's header and payload together, as the IP header states it.
std::variant<CapturedPacket, Unusable> read_transport(CapturedPacket packet, const Tins::PDU* transport,
                                                      std::size_t size) {
  if (transport == nullptr) return Unusable::not_dns;
  if (transport->pdu_type() == Tins::PDU::ICMP)
    return read_icmp(std::move(packet), static_cast<const Tins::ICMP&>(*transport));

  std::size_t header_size = 0;
  if (transport->pdu_type() == Tins::PDU::UDP) {
    const auto& udp = static_cast<const Tins::UDP&>(*transport);
    header_size = udp_header_size;
    size = std::min<std::size_t>(size, udp.length());
    packet.header = UdpHeader{};
    packet.source.port = udp.sport();
    packet.destination.port = udp.dport();
  } else if (transport->pdu_type() == Tins::PDU::TCP) {
    const auto& tcp = static_cast<const Tins::TCP&>(*transport);
    header_size = tcp.data_offset() * std::size_t{4};
    packet.header = TcpHeader{.flags = static_cast<std::uint8_t>(tcp.flags() & 0xff),
                              .sequence = tcp.seq(),
                              .acknowledgment = tcp.ack_seq()};
    packet.source.port = tcp.sport();
    packet.destination.port = tcp.dport();
  } else {
    return Unusable::not_dns;
  }
  if (packet.source.port != dns_port && packet.destination.port != dns_port) return Unusable::not_dns;
  if (size < header_size) return Unusable::unreadable;
  packet.payload_size = size - header_size;
  packet.payload = payload_of(*transport);
  // Behind a short packet stands the padding of the Ethernet frame.
  packet.payload.resize(std::min(packet.payload.size(), packet.payload_size));
  return packet;
}

}  // namespace

std::variant<CapturedPacket, Unusable> read_ipv4(ByteView bytes) {
  if (bytes.size() < ip_header_least || bytes[0] >> 4 != 4) return Unusable::unreadable;
  try {
    const Tins::IP ip(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    if (ip.fragment_offset() != 0 || (ip.flags() & Tins::IP::MORE_FRAGMENTS) != 0) return Unusable::fragment;
    CapturedPacket packet;
    packet.source.address = Ipv4Address{get_u32(bytes, 12)};
    packet.destination.address = Ipv4Address{get_u32(bytes, 16)};
    // Segmentation offload leaves the total length at 0 where it does not fit in 16 bits.
    const std::size_t total = ip.tot_len() != 0 ? ip.tot_len() : bytes.size();
    const std::size_t header_size = ip.head_len() * std::size_t{4};
    if (total < header_size) return Unusable::unreadable;
    return read_transport(std::move(packet), ip.inner_pdu(), total - header_size);
  } catch (const Tins::exception_base&) {
    return Unusable::unreadable;
  }
}

}  // namespace hanglab::replay
