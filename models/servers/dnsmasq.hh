// dnsmasq as a DNS server of names from host files: versions 2.79 (Red Hat Enterprise Linux 8) and
// 2.90 (Debian 12), byte for byte apart from what host files do not decide. A name that is neither in a host
// file nor in a --local domain is asked of the --server that is responsible for it (2.90), or REFUSED.
//
// A UDP answer holds as many records as fit into 512 octets, or into the client's EDNS size as far as
// --edns-packet-max allows, and is marked TC if that is not all. Every TCP connection is served by a
// child process, which inherits the order of addresses as it was and rotates its own copy.
//
// Left out: what dnsmasq tells of itself in class CHAOS (version.bind and the like; here NOTIMP from
// 2.90, REFUSED from 2.79), several questions in one message to 2.79, names from DHCP, and every option
// that dnsmasq_options.hh does not know.
// Source: dnsmasq(8); src/forward.c, src/rfc1035.c, src/edns0.c, src/domain-match.c of those versions.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.hh"
#include "models/servers/dns_server.hh"
#include "models/servers/hosts_file.hh"

namespace hanglab::servers {

struct DnsmasqSetup {
  std::string version;                  // "2.79" or "2.90"
  std::string options{};                // verbatim
  Location options_at{};                // for error messages
  HostText host_file{};                 // as if named by --addn-hosts
  std::optional<HostText> etc_hosts{};  // read first, unless --no-hosts
};

// Reads everything once; restart() of the server is cheap. Throws InputError for an option or version
// that is not modelled; host file lines that dnsmasq would skip are skipped with a warning.
std::unique_ptr<DnsServer> make_dnsmasq(const DnsmasqSetup& setup, std::vector<std::string>& warnings);

}  // namespace hanglab::servers
