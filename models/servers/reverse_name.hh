// The name under which the names of an address are asked for: "9.9.0.10.in-addr.arpa" (RFC 1035 3.5),
// nibbles under ip6.arpa (RFC 3596 2.5).
#pragma once

#include <string>

#include "core/address.hh"

namespace hanglab::servers {

std::string reverse_name(const IpAddress& address);

}  // namespace hanglab::servers
