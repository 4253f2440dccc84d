// The real DNS servers of a host: a process each, started as scenario/launch.hh says.
#pragma once

#include <sys/types.h>

#include "live/host.hh"

namespace hanglab::live {

// Starts them all and waits until each has answered a question. Throws Error with the server's own words when
// one does not start.
void start_dns_servers(const Host& host);

}  // namespace hanglab::live
