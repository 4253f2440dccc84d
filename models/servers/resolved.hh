// systemd-resolved 252 (Debian 12) as the local forwarder that it is on 127.0.0.53: what it asks of its
// servers, by which feature level, what it remembers, and what its clients are told. One process serves UDP
// and TCP; a connection is closed when nothing was read from or written to it for 10 s, 30 s before the first
// octet, whether or not a question is open.
//
// Addresses of names of one label, unless ResolveUnicastSingleLabel=, and names of `local` are REFUSED,
// classes but IN and questions without RD too; names of `invalid` do not exist.
//
// Left out: the names that it knows by itself: those of /etc/hosts, localhost, _gateway and its own host's
// with its addresses, which a stub resolver or its host file mostly knows before; the proxy on 127.0.0.54,
// and that DO with CD makes it one; that an alias whose target is missing is followed by another question;
// BADVERS.
// Source: systemd 252.39, src/resolve/.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "models/servers/dns_server.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

struct ResolvedSetup {
  std::string version;       // "252"
  Location version_at{};     // for error messages
  PlacedText config{};       // resolved.conf
  std::uint16_t mtu = 1500;  // the smallest of its host's interfaces
};

// Throws InputError for a version or setting that is not modelled.
std::unique_ptr<DnsServer> make_resolved(const ResolvedSetup& setup);

}  // namespace hanglab::servers
