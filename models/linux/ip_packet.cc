#include "models/linux/ip_packet.hh"

#include "models/linux/ipv4_header.hh"
#include "models/linux/ipv6_header.hh"

namespace hanglab::kernel {

std::optional<IpPacket> decode_ip(std::span<const std::uint8_t> bytes, bool quoted) {
  if (bytes.empty()) return {};
  if (bytes[0] >> 4 == 4) {
    const auto packet = decode_ipv4(bytes, quoted);
    if (!packet) return {};
    return IpPacket{.source = packet->header.source,
                    .destination = packet->header.destination,
                    .protocol = packet->header.protocol,
                    .later_fragment = packet->header.fragment_offset != 0,
                    .payload = packet->payload};
  }
  const auto packet = decode_ipv6(bytes, quoted);
  if (!packet) return {};
  return IpPacket{.source = packet->header.source,
                  .destination = packet->header.destination,
                  .protocol = packet->header.next_header,
                  .later_fragment = packet->header.fragment && packet->header.fragment->offset != 0,
                  .payload = packet->payload};
}

std::vector<std::uint8_t> encode_unreachable(std::uint8_t code, std::span<const std::uint8_t> packet,
                                             const IpAddress& source, const IpAddress& destination) {
  if (!is_ipv6(destination)) return encode_icmp_unreachable(code, packet);
  return encode_icmpv6_error(icmpv6_destination_unreachable, code, packet, ipv6_of(source),
                             ipv6_of(destination));
}

std::optional<Unreachable> decode_unreachable(const IpPacket& packet) {
  const auto message = packet.payload;
  constexpr std::size_t header_size = 8;
  const bool v6 = packet.protocol == protocol_icmpv6;
  const auto type = v6 ? icmpv6_destination_unreachable : icmp_destination_unreachable;
  if (message.size() < header_size || message[0] != type) return {};
  const auto about = decode_ip(message.subspan(header_size), true);
  if (!about || is_ipv6(about->source) != v6) return {};
  const std::uint8_t code = message[1];
  return Unreachable{.error = v6 ? errno_of_icmpv6_unreachable(code) : errno_of_unreachable(code),
                     .final = v6 ? final_icmpv6_unreachable(code) : final_unreachable(code),
                     .about = *about};
}

std::uint8_t icmp_code(RejectWith how) {
  switch (how) {
    case RejectWith::icmp_net_unreachable:
    case RejectWith::icmp6_no_route: return 0;
    case RejectWith::icmp_host_unreachable:
    case RejectWith::icmp6_admin_prohibited: return 1;
    case RejectWith::icmp_proto_unreachable: return 2;
    case RejectWith::icmp6_address_unreachable: return 3;
    case RejectWith::icmp6_port_unreachable: return 4;
    case RejectWith::icmp6_policy_fail: return 5;
    case RejectWith::icmp6_reject_route: return 6;
    case RejectWith::icmp_net_prohibited: return 9;
    case RejectWith::icmp_host_prohibited: return 10;
    case RejectWith::icmp_admin_prohibited: return 13;
    case RejectWith::icmp_port_unreachable:
    case RejectWith::tcp_reset: break;
  }
  return 3;
}

RejectWith port_unreachable(IpVersion version) {
  return version == IpVersion::v4 ? RejectWith::icmp_port_unreachable : RejectWith::icmp6_port_unreachable;
}

std::optional<RejectWith> protocol_unreachable(IpVersion version) {
  if (version == IpVersion::v6) return {};
  return RejectWith::icmp_proto_unreachable;
}

}  // namespace hanglab::kernel
