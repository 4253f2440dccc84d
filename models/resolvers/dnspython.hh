// dns.resolver.resolve(name, "A") of dnspython, or "AAAA" for the family inet6: one question, the first call
// of a program, with the reading of resolv.conf. Its error is the name of the exception.
//
//   - 5 s for all (lifetime), 2 s for each exchange (timeout), connection and answer of TCP together. The
//     lifetime is looked at before an exchange, after the pause between rounds: a lookup that nothing answers
//     takes 5.4 s and ends in LifetimeTimeout
//   - a server that timed out is asked again in the next round; one that cannot be sent to or connected to,
//     that closes early, answers nonsense or with any status but NOERROR and NXDOMAIN is asked no more, and
//     without servers left it ends in NoNameservers
//   - pauses of 0.1, 0.2, 0.4 … 2 s between rounds
//   - after a truncated answer the same server is asked over TCP. If that times out, the next round begins
//     over UDP
//   - UDP sockets are not connected and without IP_RECVERR: no ICMP error reaches them
//   - the name is absolute: no search list (search=None means what Resolver.use_search_by_default says)
//   - all queries of a lookup have one id; no EDNS unless resolv.conf says edns0
//
// Source: dnspython 2.3.0 (Debian 12), dns/resolver.py (_Resolution, Resolver.resolve), dns/query.py (udp,
// tcp), dns/message.py; selectors.py of Python 3.11. System calls and timing checked with strace and
// captures.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::dnspython {

posix::Task<Answer> resolve_2_3(posix::Posix& os, Environment environment, std::string name, Family family);

}  // namespace hanglab::resolvers::dnspython
