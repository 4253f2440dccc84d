// A TCP segment on the wire (RFC 9293 3.1) with the options that Linux puts there: maximum segment
// size, window scale, SACK (RFC 2018), timestamps (RFC 7323) and the request for a Fast Open cookie
// (RFC 7413 4.1.1; in the form of an experiment, RFC 6994, as it was before). Sequence numbers are compared
// modulo 2^32.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/address.hh"

namespace hanglab::kernel {

using Sequence = std::uint32_t;

constexpr bool before(Sequence a, Sequence b) { return static_cast<std::int32_t>(a - b) < 0; }
constexpr bool after(Sequence a, Sequence b) { return before(b, a); }

struct SackBlock {
  Sequence begin = 0;
  Sequence end = 0;

  bool operator==(const SackBlock&) const = default;
};

struct TcpTimestamps {
  std::uint32_t value = 0;
  std::uint32_t echo = 0;

  bool operator==(const TcpTimestamps&) const = default;
};

enum class CookieRequest { standard, experimental };

struct TcpSegment {
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  Sequence sequence = 0;
  Sequence acknowledgment = 0;
  bool syn = false;
  bool ack = false;
  bool fin = false;
  bool rst = false;
  bool psh = false;
  std::uint16_t window = 0;  // as on the wire, unscaled
  std::optional<std::uint16_t> mss{};
  std::optional<std::uint8_t> window_scale{};
  bool sack_permitted = false;
  std::optional<CookieRequest> cookie_request{};
  std::optional<TcpTimestamps> timestamps{};
  std::array<SackBlock, 3> sack{};
  std::size_t sack_count = 0;
  std::vector<std::uint8_t> payload{};

  Sequence payload_end() const { return sequence + (syn ? 1u : 0u) + static_cast<Sequence>(payload.size()); }
  // Sequence space taken: the payload, and one each for SYN and FIN.
  std::uint32_t length() const {
    return static_cast<std::uint32_t>(payload.size()) + (syn ? 1u : 0u) + (fin ? 1u : 0u);
  }
};

std::vector<std::uint8_t> encode(const TcpSegment& segment, const IpAddress& source,
                                 const IpAddress& destination);
// Empty when the header cannot be read.
std::optional<TcpSegment> decode_tcp(std::span<const std::uint8_t> bytes);

// Of a transport message under its pseudo-header, IPv4's or IPv6's by the addresses.
std::uint16_t transport_checksum(std::span<const std::uint8_t> message, const IpAddress& source,
                                 const IpAddress& destination, std::uint8_t protocol);

}  // namespace hanglab::kernel
