// dig as a whole run of the program: `dig NAME`, or `dig NAME AAAA` for the family inet6. One question with
// EDNS (1232 octets), a client cookie, AD and RD; UDP first, TCP after a truncated answer. What comes back
// is what its output says: the records of the answer section, or the status as an error; without any
// answer the reason of the last failure that it prints ("timed out"), else "no servers could be reached".
//
//   - 5 s for an answer over UDP, 10 s over TCP and 10.01 s for its connection; `timeout` sets all three
//   - 3 tries for the whole run. While some are left, a failure costs one and the same server is asked
//     again: over UDP with the same message from a new socket, over TCP as a new lookup, which begins at
//     the first server. With the last one gone each further server is asked once
//   - a truncated answer makes a new lookup, so TCP begins at the first server as well, with what tries are
//   left
//   - any status ends it, SERVFAIL and REFUSED as well
//   - sockets are connected, without IP_RECVERR: of ICMP errors only the final ones count. A datagram that
//     its own host refuses to send (EPERM) is waited for as if it had left
//
// The name is taken as it is: without +search there is no search list. Not modelled: BADCOOKIE, BADVERS.
// Source: BIND 9.18.49 (Debian 12), bin/dig/dig.c and dighost.c, lib/isc/netmgr; timeouts and sockets
// checked with strace and captures of the real program.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::dig {

posix::Task<Answer> dig_9_18(posix::Posix& os, Environment environment, std::string name, Family family);

}  // namespace hanglab::resolvers::dig
