#include "models/linux/ipv4_header.hh"

#include <algorithm>
#include <array>
#include <cerrno>

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"

namespace hanglab::kernel {

namespace {

constexpr std::size_t icmp_header_size = 8;
constexpr std::size_t largest_error = 576;

}  // namespace

std::vector<std::uint8_t> encode(const Ipv4Header& header, std::span<const std::uint8_t> payload) {
  std::vector<std::uint8_t> out(ipv4_header_size + payload.size());
  out[0] = 0x45;
  out[1] = header.tos;
  set_u16(out, 2, static_cast<std::uint32_t>(out.size()));
  set_u16(out, 4, header.identification);
  set_u16(out, 6,
          (header.dont_fragment ? 0x4000u : 0u) | (header.more_fragments ? 0x2000u : 0u) |
              header.fragment_offset / 8u);
  out[8] = header.ttl;
  out[9] = header.protocol;
  set_u16(out, 12, header.source.value >> 16);
  set_u16(out, 14, header.source.value & 0xffff);
  set_u16(out, 16, header.destination.value >> 16);
  set_u16(out, 18, header.destination.value & 0xffff);
  set_u16(out, 10, internet_checksum(std::span(out).first(ipv4_header_size)));
  std::ranges::copy(payload, out.begin() + ipv4_header_size);
  return out;
}

std::optional<Ipv4Packet> decode_ipv4(std::span<const std::uint8_t> bytes, bool quoted) {
  if (bytes.size() < ipv4_header_size || bytes[0] >> 4 != 4) return {};
  const std::size_t size = static_cast<std::size_t>(bytes[0] & 0x0f) * 4;
  const std::size_t total = get_u16(bytes, 2);
  if (size < ipv4_header_size || size > bytes.size() || total < size) return {};
  if (!quoted && total > bytes.size()) return {};
  Ipv4Packet packet{
      .header = {.source = {get_u32(bytes, 12)},
                 .destination = {get_u32(bytes, 16)},
                 .protocol = bytes[9],
                 .ttl = bytes[8],
                 .tos = bytes[1],
                 .identification = get_u16(bytes, 4),
                 .dont_fragment = (bytes[6] & 0x40) != 0,
                 .more_fragments = (bytes[6] & 0x20) != 0,
                 .fragment_offset = static_cast<std::uint16_t>((get_u16(bytes, 6) & 0x1fff) * 8)}};
  packet.payload = bytes.subspan(size, std::min(total, bytes.size()) - size);
  return packet;
}

std::vector<std::uint8_t> encode_icmp_error(std::uint8_t type, std::uint8_t code,
                                            std::span<const std::uint8_t> packet) {
  const std::size_t quoted = std::min(packet.size(), largest_error - ipv4_header_size - icmp_header_size);
  std::vector<std::uint8_t> out(icmp_header_size + quoted);
  out[0] = type;
  out[1] = code;
  std::ranges::copy(packet.first(quoted), out.begin() + icmp_header_size);
  set_u16(out, 2, internet_checksum(out));
  return out;
}

std::vector<std::uint8_t> encode_icmp_unreachable(std::uint8_t code, std::span<const std::uint8_t> packet) {
  return encode_icmp_error(icmp_destination_unreachable, code, packet);
}

std::optional<IcmpUnreachable> decode_icmp_unreachable(std::span<const std::uint8_t> message) {
  if (message.size() < icmp_header_size || message[0] != icmp_destination_unreachable) return {};
  return IcmpUnreachable{.code = message[1], .quoted = message.subspan(icmp_header_size)};
}

int errno_of_unreachable(std::uint8_t code) {
  constexpr std::array<int, 16> table{ENETUNREACH,  EHOSTUNREACH, ENOPROTOOPT,  ECONNREFUSED,
                                      EMSGSIZE,     EOPNOTSUPP,   ENETUNREACH,  EHOSTDOWN,
                                      ENONET,       ENETUNREACH,  EHOSTUNREACH, ENETUNREACH,
                                      EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH, EHOSTUNREACH};
  return code < table.size() ? table[code] : EHOSTUNREACH;
}

// Net, host and service-type unreachable, fragmentation needed and source route failed may pass.
bool final_unreachable(std::uint8_t code) {
  constexpr std::array passing{0, 1, 4, 5, 11, 12};
  return code < 16 && std::ranges::find(passing, code) == passing.end();
}

}  // namespace hanglab::kernel
