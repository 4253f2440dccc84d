// Go's own resolver, net.Resolver{PreferGo: true}: LookupHost for Family::unspec, LookupIP with "ip4" or
// "ip6" for one family. /etc/hosts and DNS in the order of nsswitch.conf; A and AAAA at once, by a goroutine
// each, for one name of the search list after the other; a connect() per address to sort them (RFC 6724).
// Errors are the words of DNSError.Err behind the last ": ": "no such host", "i/o timeout", "server
// misbehaving". Source: Go 1.19.8, net/lookup.go, lookup_unix.go, dnsclient_unix.go, addrselect.go; below it
// go_dns.hh and go_config.hh.
#pragma once

#include "models/resolvers/resolver.hh"

namespace hanglab::resolvers::go {

posix::Task<Answer> lookup_1_19(posix::Posix& os, Environment environment, std::string name, Family family);
posix::Task<Answer> lookup_1_26(posix::Posix& os, Environment environment, std::string name, Family family);

}  // namespace hanglab::resolvers::go
