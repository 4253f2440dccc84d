// musl's getaddrinfo(3): literal addresses, /etc/hosts, then DNS; there is no name service switch. Every
// query goes to every name server at once, and whichever server first says yes or no has answered it.
//   1.2.3  does not look at the TC bit: of a truncated answer it takes what is there
//   1.2.4  asks again over TCP, but reads 768 bytes and takes nothing of an answer with more than 63 records
//   1.2.5  reads 4800 bytes and takes any number of records, of which 48 addresses count
// Only the name's failures come back as errors; what the program does with the addresses is its own. Of the
// sorting of addresses (RFC 3484) the system calls are modelled, not the order that they lead to.
// Source: musl 1.2.3, 1.2.4, 1.2.5: src/network/lookup_name.c, res_msend.c, dns_parse.c, resolvconf.c.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::musl {

posix::Task<Answer> getaddrinfo_1_2_3(posix::Posix& os, Environment environment, std::string name,
                                      Family family);
posix::Task<Answer> getaddrinfo_1_2_4(posix::Posix& os, Environment environment, std::string name,
                                      Family family);
posix::Task<Answer> getaddrinfo_1_2_5(posix::Posix& os, Environment environment, std::string name,
                                      Family family);

}  // namespace hanglab::resolvers::musl
