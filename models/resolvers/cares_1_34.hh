// dns.resolve4() of Node.js 20, and dns.resolve6() where IPv6 is asked for: a query by c-ares 1.34 for the
// name as it is, without search list or /etc/hosts, and the event loop that drives it. The loop asks c-ares
// about timeouts only once a second, counted from the last time that a socket was ready; a lookup that ends
// by timeouts therefore takes whole seconds. Its clock stood still while the program started. Source:
// Node.js 20.20, src/cares_wrap.cc (ChannelWrap::Setup, StartTimer, AresTimeout, ares_poll_cb),
// lib/internal/dns/utils.js; libuv 1.46, src/unix/core.c, linux.c, poll.c, src/timer.c.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::cares {

posix::Task<Answer> node_20_resolve(posix::Posix& os, Environment environment, std::string name,
                                    Family family);

}  // namespace hanglab::resolvers::cares
