// Whether traffic may be sent at all: to this host itself, or into a network that the user says is theirs.
#pragma once

#include <string>

#include "core/address.hh"

namespace hanglab::cli {

// A loopback address, one of this host, or of a local route: what is sent there does not leave it.
bool is_this_host(const IpAddress& address);

// Throws InputError unless the user said so; `option` names what was asked for, `harm` why it is asked.
void require_own_network(bool said, const std::string& option, const std::string& harm);

}  // namespace hanglab::cli
