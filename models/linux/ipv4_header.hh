// IPv4 headers without options (RFC 791), the ICMP "destination unreachable" messages that quote them
// (RFC 792; quoted up to 576 bytes in all as RFC 1812 4.3.2.3 asks), and the errno that each means to
// a Linux socket (net/ipv4/icmp.c, icmp_err_convert).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/address.hh"

namespace hanglab::kernel {

enum Protocol : std::uint8_t { protocol_icmp = 1, protocol_tcp = 6, protocol_udp = 17, protocol_icmpv6 = 58 };

struct Ipv4Header {
  Ipv4Address source{};
  Ipv4Address destination{};
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;
  std::uint8_t tos = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint16_t fragment_offset = 0;  // in bytes
};

constexpr std::size_t ipv4_header_size = 20;

std::vector<std::uint8_t> encode(const Ipv4Header& header, std::span<const std::uint8_t> payload);

struct Ipv4Packet {
  Ipv4Header header{};
  std::span<const std::uint8_t> payload{};
};
// Empty when it is no IPv4 packet or is cut short; options are skipped. A quoted packet is cut short by
// nature: `quoted` accepts it.
std::optional<Ipv4Packet> decode_ipv4(std::span<const std::uint8_t> bytes, bool quoted = false);

constexpr std::uint8_t icmp_destination_unreachable = 3;
constexpr std::uint8_t icmp_time_exceeded = 11;
constexpr std::uint8_t icmp_reassembly_time_exceeded = 1;  // code

struct IcmpUnreachable {
  std::uint8_t code = 0;
  std::span<const std::uint8_t> quoted{};  // the packet that it is about, from its IP header on
};

std::vector<std::uint8_t> encode_icmp_error(std::uint8_t type, std::uint8_t code,
                                            std::span<const std::uint8_t> packet);
std::vector<std::uint8_t> encode_icmp_unreachable(std::uint8_t code, std::span<const std::uint8_t> packet);
std::optional<IcmpUnreachable> decode_icmp_unreachable(std::span<const std::uint8_t> message);

// What an error of that code is to a socket, and whether it is final: one that is not may pass, and
// only tells those who ask for all (net/ipv4/icmp.c, icmp_err_convert).
int errno_of_unreachable(std::uint8_t code);
bool final_unreachable(std::uint8_t code);

}  // namespace hanglab::kernel
