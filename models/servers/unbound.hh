// unbound 1.17 (Debian 12's 1.17.1) as a server of local data, byte for byte. It asks no other servers:
// unbound_conf.hh refuses configurations by which it would.
//
// A UDP answer that does not fit the client's EDNS size, up to max-udp-size, or 512 octets without EDNS, is
// cut to the header and question alone and marked TC: no set of records is sent in part. The records of a
// set are rotated by the query's id plus the clock's seconds. One process answers UDP and TCP in turn; a TCP
// connection that nothing was read from or written to for tcp-idle-timeout is closed. There are
// incoming-num-tcp handlers for connections, further ones wait in the listen queue. Whoever is given a
// handler when more than half of them are in use gets a hundredth of the timeout, beyond 65 % a five
// hundredth, but not less than 200 ms; and the handler keeps the shortened timeout for ever after.
//
// Left out: what unbound tells of itself in class CHAOS (here REFUSED), and that it answers no more than 50
// malformed queries a second, and that it resets a connection when a message is shorter than a header, where
// the model closes it.
// Source: unbound.conf(5); daemon/worker.c, services/localzone.c, util/data/msgencode.c, util/netevent.c.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "models/servers/dns_server.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

struct UnboundSetup {
  std::string version;               // "1.17"
  Location version_at{};             // for error messages
  std::vector<PlacedText> config{};  // unbound.conf, and what it includes
  bool ipv4 = true;                  // it listens on such addresses
  bool ipv6 = false;
};

// Throws InputError for a version or statement that is not modelled. Until its first restart() the server
// takes TimePoint for the time since 1970.
std::unique_ptr<DnsServer> make_unbound(const UnboundSetup& setup);

}  // namespace hanglab::servers
