// The command line of dnsmasq, as far as it decides what the server answers. Three kinds of option:
// those that this model follows, those that change nothing here (where to listen, logging, DHCP, how
// to talk to upstream servers, of which the model has none), and the rest, which are refused by name
// rather than ignored. Source: dnsmasq(8) and the option table in src/option.c of 2.79 and 2.90.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hh"

namespace hanglab::servers {

enum class DnsmasqVersion { v2_79, v2_90 };

struct DnsmasqOptions {
  DnsmasqVersion version = DnsmasqVersion::v2_90;
  std::uint16_t edns_packet_max = 1232;  // --edns-packet-max, at least 512; 2.79: 4096
  std::uint32_t local_ttl = 0;           // --local-ttl, seconds
  int cache_size = 150;                  // --cache-size: sizes the table that host names are hashed into
  int max_tcp_connections = 20;          // --max-tcp-connections (2.90)
  bool no_resolv = false;                // --no-resolv
  bool no_hosts = false;                 // --no-hosts: do not read /etc/hosts
  bool expand_hosts = false;             // --expand-hosts: simple names also with `domain` appended
  bool domain_needed = false;            // --domain-needed: simple names are never forwarded
  bool round_robin = true;               // off: --no-round-robin (2.90)
  std::string domain{};                  // --domain
  std::vector<std::string> local{};      // --local=/domain/ and --server=/domain/, in lower case
};

// `where` is named in the InputError for an option that is unknown, not modelled, or lacks its value.
DnsmasqOptions parse_dnsmasq_options(std::string_view version, std::string_view options,
                                     const Location& where);

}  // namespace hanglab::servers
