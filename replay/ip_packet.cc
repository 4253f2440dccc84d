#include "replay/ip_packet.hh"

#include <tins/exceptions.h>
#include <tins/tcp.h>

#include <algorithm>
#include <utility>

#include "core/big_endian.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t udp_header_size = 8;
constexpr std::size_t tcp_header_least = 20;
constexpr std::size_t icmp_header_size = 8;

IpAddress address_at(ByteView bytes, std::size_t at, bool v6) {
  if (!v6) return Ipv4Address{get_u32(bytes, at)};
  Ipv6Address address;
  std::ranges::copy(bytes.subspan(at, address.bytes.size()), address.bytes.begin());
  return address;
}

bool is_dns(const Endpoint& a, const Endpoint& b) { return a.port == dns_port || b.port == dns_port; }

// Of a whole header; nothing where its options contradict their lengths.
std::optional<TcpHeader> read_tcp(ByteView bytes) {
  try {
    const Tins::TCP header(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
    return TcpHeader{.flags = static_cast<std::uint8_t>(header.flags()),
                     .sequence = header.seq(),
                     .acknowledgment = header.ack_seq()};
  } catch (const Tins::malformed_packet&) {
    return {};
  }
}

// Routers quote as little as 8 octets behind the IP header (RFC 792): enough for the ports.
std::optional<Unusable> read_icmp(ByteView bytes, const IpLayout& layout, CapturedPacket& into) {
  const ByteView message = bytes.subspan(layout.transport, layout.end - layout.transport);
  if (message.empty()) return Unusable::unreadable;
  if (!is_icmp_error(message[0], layout.v6)) return Unusable::not_dns;
  if (message.size() < icmp_header_size) return Unusable::unreadable;
  const ByteView quoted = message.subspan(icmp_header_size);
  const auto found = find_ip_layout(quoted, IpExtent::quoted);
  const auto* about = std::get_if<IpLayout>(&found);
  if (about == nullptr || about->v6 != layout.v6) return Unusable::unreadable;
  if (!about->first || (about->protocol != ip_tcp && about->protocol != ip_udp)) return Unusable::not_dns;
  if (about->transport + 4 > about->end) return Unusable::unreadable;
  const auto endpoint = [&](std::size_t address, std::size_t port) {
    return Endpoint{address_at(quoted, address, about->v6), get_u16(quoted, about->transport + port)};
  };
  const IcmpError error{.v6 = layout.v6,
                        .type = message[0],
                        .code = message[1],
                        .about = about->protocol == ip_tcp ? Transport::tcp : Transport::udp,
                        .about_source = endpoint(about->source(), 0),
                        .about_destination = endpoint(about->destination(), 2)};
  if (!is_dns(error.about_source, error.about_destination)) return Unusable::not_dns;
  into.header = error;
  into.payload.clear();
  into.payload_size = 0;
  return {};
}

}  // namespace

std::optional<Unusable> read_packet(ByteView bytes, const IpLayout& layout, CapturedPacket& into) {
  if (layout.fragment) return Unusable::fragment;
  const bool icmp = layout.protocol == (layout.v6 ? ip_icmpv6 : ip_icmp);
  if (!icmp && layout.protocol != ip_udp && layout.protocol != ip_tcp) return Unusable::not_dns;
  into.source = {address_at(bytes, layout.source(), layout.v6), 0};
  into.destination = {address_at(bytes, layout.destination(), layout.v6), 0};
  if (icmp) return read_icmp(bytes, layout, into);

  const ByteView segment = bytes.subspan(layout.transport, layout.end - layout.transport);
  const bool udp = layout.protocol == ip_udp;
  if (segment.size() < 4) return Unusable::unreadable;
  into.source.port = get_u16(segment, 0);
  into.destination.port = get_u16(segment, 2);
  if (!is_dns(into.source, into.destination)) return Unusable::not_dns;
  if (segment.size() < (udp ? udp_header_size : tcp_header_least)) return Unusable::unreadable;

  std::size_t stated = layout.stated_end - layout.transport;
  std::size_t header_size = udp_header_size;
  if (udp) {
    into.header = UdpHeader{};
    stated = std::min<std::size_t>(stated, get_u16(segment, 4));
  } else {
    header_size = (segment[12] >> 4) * std::size_t{4};
    if (header_size < tcp_header_least || header_size > segment.size()) return Unusable::unreadable;
    const auto header = read_tcp(segment.first(header_size));
    if (!header) return Unusable::unreadable;
    into.header = *header;
  }
  if (stated < header_size) return Unusable::unreadable;
  into.payload_size = stated - header_size;
  const ByteView payload =
      segment.subspan(header_size, std::min(segment.size() - header_size, into.payload_size));
  into.payload.assign(payload.begin(), payload.end());
  return {};
}

std::variant<CapturedPacket, Unusable> read_ip(ByteView bytes) {
  const auto found = find_ip_layout(bytes, IpExtent::headers);
  const auto* layout = std::get_if<IpLayout>(&found);
  if (layout == nullptr) return Unusable::unreadable;
  CapturedPacket packet;
  if (const auto why = read_packet(bytes, *layout, packet)) return *why;
  return packet;
}

}  // namespace hanglab::replay
