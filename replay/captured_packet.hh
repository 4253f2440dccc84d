// One packet of a capture that has to do with DNS over IPv4 or IPv6, taken apart as far as finding lookups
// needs it. Whatever the reader could not bring into this form is in CaptureCounts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>
#include <vector>

#include "core/address.hh"
#include "core/lookup.hh"
#include "core/time.hh"

namespace hanglab::replay {

constexpr std::uint16_t dns_port = 53;

// The flags of RFC 9293 3.1 that open and close a connection.
enum TcpFlag : std::uint8_t { tcp_fin = 0x01, tcp_syn = 0x02, tcp_rst = 0x04, tcp_ack = 0x10 };

struct UdpHeader {
  bool operator==(const UdpHeader&) const = default;
};

struct TcpHeader {
  std::uint8_t flags = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgment = 0;

  bool has(TcpFlag flag) const { return (flags & flag) != 0; }
  bool operator==(const TcpHeader&) const = default;
};

// Types of ICMP that quote the packet they are about (RFC 792; of IPv6 those that RFC 4443 defines).
constexpr bool is_icmp_error(std::uint8_t type, bool v6 = false) {
  if (v6) return type >= 1 && type <= 4;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// An ICMP error and the packet that it is about, of which RFC 792 quotes the IP header and 8 octets, RFC 4443
// as much as fits.
struct IcmpError {
  bool v6 = false;
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  Transport about = Transport::udp;
  Endpoint about_source;
  Endpoint about_destination;

  bool operator==(const IcmpError&) const = default;
};

struct CapturedPacket {
  std::uint64_t number = 0;  // in the file, from 1, as Wireshark counts
  Duration at{};             // since 1970-01-01 00:00 UTC
  Endpoint source;           // ICMP: port 0
  Endpoint destination;
  std::variant<UdpHeader, TcpHeader, IcmpError> header;
  std::vector<std::uint8_t> payload;  // as far as it was captured
  std::size_t payload_size = 0;       // as sent; larger than payload where the capture cut it short

  bool operator==(const CapturedPacket&) const = default;
};

}  // namespace hanglab::replay
