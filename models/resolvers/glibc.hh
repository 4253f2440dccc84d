// glibc's getaddrinfo(3): literal addresses, the name service switch with `files`, `dns` and
// `myhostname`, the answer buffer that starts at 1024 bytes and is doubled, with all queries sent
// again, until the addresses fit, and the connect() per address that sorts them (RFC 3484).
// Only the name's failures come back as errors; what the program does with the addresses is its own.
// Source: glibc sysdeps/posix/getaddrinfo.c, resolv/nss_dns/dns-host.c, nss/nss_files; 2.28 to 2.36.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::glibc {

posix::Task<Answer> getaddrinfo_2_28(posix::Posix& os, Environment environment, std::string name,
                                     Family family);
posix::Task<Answer> getaddrinfo_2_31(posix::Posix& os, Environment environment, std::string name,
                                     Family family);
posix::Task<Answer> getaddrinfo_2_36(posix::Posix& os, Environment environment, std::string name,
                                     Family family);

}  // namespace hanglab::resolvers::glibc
