// Cuts an IP packet that is too long for a link (RFC 791 3.2, RFC 8200 4.5). The lab's user asked for it, so
// an IPv4 packet is cut even where it says "don't fragment".
#pragma once

#include <functional>
#include <span>

#include "replay/ip_layout.hh"

namespace hanglab::replay {

// Whether a link of that MTU has room for more than the headers.
bool can_fragment(const IpLayout& layout, std::size_t mtu);

// `identification` is for IPv6 alone: an IPv4 packet has its own.
void make_fragments(std::span<const std::uint8_t> packet, const IpLayout& layout, std::size_t mtu,
                    std::uint32_t identification,
                    const std::function<void(std::span<const std::uint8_t>)>& emit);

}  // namespace hanglab::replay
