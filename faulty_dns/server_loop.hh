// A servers::DnsServer on real sockets: one process, one poll(2) loop, port 53 of the given addresses over
// UDP and TCP. Of an answer it honours message, delay, close and raw; its own work takes the time that it
// takes. Servers that forward are not for it.
#pragma once

#include <vector>

#include "core/address.hh"
#include "models/servers/dns_server.hh"

namespace hanglab::faulty_dns {

// Until the process is ended. Throws Error when it cannot have its sockets.
[[noreturn]] void serve(servers::DnsServer& server, const std::vector<IpAddress>& addresses);

}  // namespace hanglab::faulty_dns
