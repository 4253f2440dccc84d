// The real DNS servers of a host: a dnsmasq process each, with the scenario's options and host file.
// Source: dnsmasq(8).
#pragma once

#include <sys/types.h>

#include "live/host.hh"

namespace hanglab::live {

// Starts them all and waits until each has answered a question. Throws Error with the server's own words when
// one does not start.
void start_dns_servers(const Host& host);

}  // namespace hanglab::live
