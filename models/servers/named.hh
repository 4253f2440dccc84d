// BIND 9.18 (Debian 12's 9.18.49) as a server of primary zones, byte for byte apart from what named leaves to
// chance: the order of records (rrset-order random) and the last eight octets of a server cookie. It asks no
// other servers: named_conf.hh refuses configurations by which it would.
//
// A UDP answer that does not fit the client's EDNS size, up to max-udp-size (1232), or 512 octets without
// EDNS, is cut and marked TC: with as many records as fit if the query had no EDNS record, and without any if
// it had one. A zone with more than 100 records of one type at one name (max-records-per-type) is not loaded
// at all, and every question about it answered SERVFAIL. TCP connections are served side by side, the
// messages of one in order; named closes one that has brought no whole message for tcp-idle-timeout, and
// accepts no more than tcp-clients.
//
// Left out: class CHAOS (here REFUSED), zone transfers (REFUSED), NOTIFY and UPDATE that named could follow
// (FORMERR), and that several threads answer at once.
// Source: named.conf(5), BIND 9 Administrator Reference Manual 9.18; lib/ns, lib/dns, lib/isc/netmgr.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "models/servers/dns_server.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

struct NamedSetup {
  std::string version;                        // "9.18"
  Location version_at{};                      // for error messages
  PlacedText config{};                        // named.conf
  std::map<std::string, PlacedText> files{};  // the zone files, by the names that named.conf gives them
};

// Throws InputError for what is not modelled; zones that named would not load for their number of records are
// warned about.
std::unique_ptr<DnsServer> make_named(const NamedSetup& setup, std::vector<std::string>& warnings);

}  // namespace hanglab::servers
