// An IPv4 packet taken apart down to its transport's payload. libtins reads the headers; what it
// cannot read, or what is no business of DNS, is named instead of thrown away.
#pragma once

#include <variant>

#include "replay/captured_packet.hh"
#include "replay/link_layer.hh"

namespace hanglab::replay {

enum class Unusable { unreadable, fragment, not_dns };

// A CapturedPacket without number and time: port 53 over UDP or TCP, or an ICMP error about either.
std::variant<CapturedPacket, Unusable> read_ipv4(ByteView bytes);

}  // namespace hanglab::replay
