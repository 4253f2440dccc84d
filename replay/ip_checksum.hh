// The checksums of an IP packet and of its transport: where they stand, and what they say. A host that leaves
// checksums to its network interface captures its own packets before these are made: UDP and TCP hold the sum
// of the pseudo-header alone then (Linux 6.1, include/net/ip.h, CHECKSUM_PARTIAL), IPv4 a zero.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "replay/ip_layout.hh"

namespace hanglab::replay {

enum class Checksum { right, left_to_interface, wrong };

// Where the transport has its checksum; nothing where it has none that this packet holds.
std::optional<std::size_t> transport_checksum_at(std::span<const std::uint8_t> packet,
                                                 const IpLayout& layout);

// Over the transport as it stands, its own field included: 0 if that is right.
std::uint16_t transport_sum(std::span<const std::uint8_t> packet, const IpLayout& layout);

// Of the header of IPv4 and of a whole transport; the worse of both. What cannot be checked counts as right.
Checksum check_sums(std::span<const std::uint8_t> packet, const IpLayout& layout);

}  // namespace hanglab::replay
