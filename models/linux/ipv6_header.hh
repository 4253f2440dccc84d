// IPv6 headers with or without a fragment header (RFC 8200), the fragments that a source makes of what does
// not fit, ICMPv6 errors (RFC 4443; they quote up to 1280 bytes in all), and the errno that "destination
// unreachable" means to a Linux socket (net/ipv6/icmp.c, icmpv6_err_convert).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/address.hh"

namespace hanglab::kernel {

struct Ipv6Fragment {
  std::uint32_t identification = 0;
  std::uint16_t offset = 0;  // in bytes
  bool more = false;
};

struct Ipv6Header {
  Ipv6Address source{};
  Ipv6Address destination{};
  std::uint8_t next_header = 0;  // the protocol of the payload, behind a fragment header if there is one
  std::uint8_t hop_limit = 64;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;  // 20 bits
  std::optional<Ipv6Fragment> fragment{};
};

constexpr std::size_t ipv6_header_size = 40;
constexpr std::size_t ipv6_fragment_header_size = 8;
constexpr std::uint8_t ipv6_fragment_header = 44;  // as a next header

std::vector<std::uint8_t> encode(const Ipv6Header& header, std::span<const std::uint8_t> payload);

struct Ipv6Packet {
  Ipv6Header header{};
  std::span<const std::uint8_t> payload{};
};
// Empty when it is no IPv6 packet or is cut short, as a quoted one may be. Of extension headers only the
// fragment header is read; before another one the payload begins, with its number as the next header.
std::optional<Ipv6Packet> decode_ipv6(std::span<const std::uint8_t> bytes, bool quoted = false);

// One packet where it fits an MTU of so many bytes, else its fragments (ip6_fragment).
std::vector<std::vector<std::uint8_t>> encode_for_mtu(Ipv6Header header,
                                                      std::span<const std::uint8_t> payload, std::size_t mtu,
                                                      std::uint32_t identification);

constexpr std::uint8_t icmpv6_destination_unreachable = 1;
constexpr std::uint8_t icmpv6_packet_too_big = 2;
constexpr std::uint8_t icmpv6_time_exceeded = 3;
constexpr std::uint8_t icmpv6_hop_limit_exceeded = 0;        // code
constexpr std::uint8_t icmpv6_reassembly_time_exceeded = 1;  // code
constexpr std::uint8_t icmpv6_first_query = 128;             // types below are errors

// From `source` to `destination`, which its checksum covers. `parameter`: the MTU of "packet too big".
std::vector<std::uint8_t> encode_icmpv6_error(std::uint8_t type, std::uint8_t code,
                                              std::span<const std::uint8_t> packet, const Ipv6Address& source,
                                              const Ipv6Address& destination, std::uint32_t parameter = 0);

int errno_of_icmpv6_unreachable(std::uint8_t code);
bool final_icmpv6_unreachable(std::uint8_t code);

}  // namespace hanglab::kernel
