// ares_getaddrinfo() of c-ares 1.18 as a program calls it that has a channel from ares_init() and drives it
// by select(), asking for SOCK_STREAM and port 3268: the order of /etc/hosts and DNS, the search list, A and
// AAAA at once, and the datagram socket that is connected to each address for RFC 6724's rule 1 (of the rules
// that can tell IPv4 addresses apart, scopes are left out). Source: c-ares 1.18.1,
// src/lib/ares_getaddrinfo.c, ares__readaddrinfo.c, ares__parse_into_addrinfo.c, ares__addrinfo_localhost.c,
// ares__sortaddrinfo.c.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::cares {

posix::Task<Answer> getaddrinfo_1_18(posix::Posix& os, Environment environment, std::string name,
                                     Family family);

}  // namespace hanglab::resolvers::cares
