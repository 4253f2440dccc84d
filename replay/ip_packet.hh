// An IP packet, of version 4 or 6, taken apart down to its transport's payload. What cannot be read, or is no
// business of DNS, is named instead of thrown away.
#pragma once

#include <optional>
#include <variant>

#include "replay/captured_packet.hh"
#include "replay/ip_layout.hh"
#include "replay/link_layer.hh"

namespace hanglab::replay {

enum class Unusable { unreadable, fragment, not_dns };

// Fills all but number and time, if it is of port 53 over UDP or TCP, or an ICMP error about either: RFC 792,
// RFC 4443. `layout` is the packet's, found with IpExtent::headers.
std::optional<Unusable> read_packet(ByteView bytes, const IpLayout& layout, CapturedPacket& into);

std::variant<CapturedPacket, Unusable> read_ip(ByteView bytes);

}  // namespace hanglab::replay
