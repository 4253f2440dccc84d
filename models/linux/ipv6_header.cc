#include "models/linux/ipv6_header.hh"

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/big_endian.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/tcp_segment.hh"

namespace hanglab::kernel {

namespace {

constexpr std::size_t icmp_header_size = 8;
constexpr std::size_t largest_error = 1280;  // IPV6_MIN_MTU

void set_u32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  set_u16(bytes, at, value >> 16);
  set_u16(bytes, at + 2, value);
}

struct Unreachable {
  int error;
  bool final;
};

// No route, administratively prohibited, (beyond scope), address and port unreachable, policy, reject route.
constexpr std::array<Unreachable, 7> unreachable{{{ENETUNREACH, false},
                                                  {EACCES, true},
                                                  {EHOSTUNREACH, false},
                                                  {EHOSTUNREACH, false},
                                                  {ECONNREFUSED, true},
                                                  {EACCES, true},
                                                  {EACCES, true}}};
constexpr Unreachable unknown{EPROTO, true};

const Unreachable& meaning_of(std::uint8_t code) {
  return code < unreachable.size() ? unreachable[code] : unknown;
}

}  // namespace

std::vector<std::uint8_t> encode(const Ipv6Header& header, std::span<const std::uint8_t> payload) {
  const std::size_t extensions = header.fragment ? ipv6_fragment_header_size : 0;
  std::vector<std::uint8_t> out(ipv6_header_size + extensions + payload.size());
  set_u32(out, 0, 6u << 28 | std::uint32_t{header.traffic_class} << 20 | (header.flow_label & 0xfffff));
  set_u16(out, 4, extensions + payload.size());
  out[6] = header.fragment ? ipv6_fragment_header : header.next_header;
  out[7] = header.hop_limit;
  std::ranges::copy(header.source.bytes, out.begin() + 8);
  std::ranges::copy(header.destination.bytes, out.begin() + 24);
  if (header.fragment) {
    out[40] = header.next_header;
    set_u16(out, 42, header.fragment->offset | (header.fragment->more ? 1u : 0u));
    set_u32(out, 44, header.fragment->identification);
  }
  std::ranges::copy(payload, out.begin() + static_cast<std::ptrdiff_t>(ipv6_header_size + extensions));
  return out;
}

std::optional<Ipv6Packet> decode_ipv6(std::span<const std::uint8_t> bytes, bool quoted) {
  if (bytes.size() < ipv6_header_size || bytes[0] >> 4 != 6) return {};
  const std::size_t total = ipv6_header_size + get_u16(bytes, 4);
  if (!quoted && total > bytes.size()) return {};
  Ipv6Packet packet{.header = {.next_header = bytes[6],
                               .hop_limit = bytes[7],
                               .traffic_class = static_cast<std::uint8_t>(get_u16(bytes) >> 4),
                               .flow_label = get_u32(bytes) & 0xfffff}};
  std::ranges::copy(bytes.subspan(8, 16), packet.header.source.bytes.begin());
  std::ranges::copy(bytes.subspan(24, 16), packet.header.destination.bytes.begin());
  packet.payload = bytes.subspan(ipv6_header_size, std::min(total, bytes.size()) - ipv6_header_size);
  if (packet.header.next_header != ipv6_fragment_header) return packet;
  if (packet.payload.size() < ipv6_fragment_header_size) return {};
  const auto fields = packet.payload.first(ipv6_fragment_header_size);
  packet.header.next_header = fields[0];
  packet.header.fragment = {.identification = get_u32(fields, 4),
                            .offset = static_cast<std::uint16_t>(get_u16(fields, 2) & 0xfff8),
                            .more = (fields[3] & 1) != 0};
  packet.payload = packet.payload.subspan(ipv6_fragment_header_size);
  return packet;
}

std::vector<std::vector<std::uint8_t>> encode_for_mtu(Ipv6Header header,
                                                      std::span<const std::uint8_t> payload, std::size_t mtu,
                                                      std::uint32_t identification) {
  if (ipv6_header_size + payload.size() <= mtu) return {encode(header, payload)};
  const std::size_t step = (mtu - ipv6_header_size - ipv6_fragment_header_size) & ~std::size_t{7};
  std::vector<std::vector<std::uint8_t>> pieces;
  for (std::size_t at = 0; at < payload.size(); at += step) {
    const std::size_t size = std::min(step, payload.size() - at);
    header.fragment = {.identification = identification,
                       .offset = static_cast<std::uint16_t>(at),
                       .more = at + size < payload.size()};
    pieces.push_back(encode(header, payload.subspan(at, size)));
  }
  return pieces;
}

std::vector<std::uint8_t> encode_icmpv6_error(std::uint8_t type, std::uint8_t code,
                                              std::span<const std::uint8_t> packet, const Ipv6Address& source,
                                              const Ipv6Address& destination, std::uint32_t parameter) {
  const std::size_t quoted = std::min(packet.size(), largest_error - ipv6_header_size - icmp_header_size);
  std::vector<std::uint8_t> out(icmp_header_size + quoted);
  out[0] = type;
  out[1] = code;
  set_u32(out, 4, parameter);
  std::ranges::copy(packet.first(quoted), out.begin() + icmp_header_size);
  set_u16(out, 2, transport_checksum(out, source, destination, protocol_icmpv6));
  return out;
}

int errno_of_icmpv6_unreachable(std::uint8_t code) { return meaning_of(code).error; }
bool final_icmpv6_unreachable(std::uint8_t code) { return meaning_of(code).final; }

}  // namespace hanglab::kernel
