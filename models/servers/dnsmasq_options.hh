// The command line of dnsmasq, as far as it decides what the server answers. Three kinds of option:
// those that this model follows, those that change nothing here (where to listen, logging, DHCP), and the
// rest, which are refused by name rather than ignored. Source: dnsmasq(8) and the option table in
// src/option.c of 2.79 and 2.90.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/error.hh"

namespace hanglab::servers {

enum class DnsmasqVersion { v2_79, v2_90 };

// --server=/domain/ADDRESS, in lower case; of every name: an empty domain.
struct DnsmasqUpstream {
  std::string domain{};
  Ipv4Address address{};
};

struct DnsmasqOptions {
  DnsmasqVersion version = DnsmasqVersion::v2_90;
  std::uint16_t edns_packet_max = 1232;    // --edns-packet-max, at least 512; 2.79: 4096
  std::uint32_t local_ttl = 0;             // --local-ttl, seconds
  int cache_size = 150;                    // --cache-size: sizes the table that host names are hashed into
  int max_tcp_connections = 20;            // --max-tcp-connections (2.90)
  bool no_resolv = false;                  // --no-resolv
  bool no_hosts = false;                   // --no-hosts: do not read /etc/hosts
  bool expand_hosts = false;               // --expand-hosts: simple names also with `domain` appended
  bool domain_needed = false;              // --domain-needed: simple names are never forwarded
  bool round_robin = true;                 // off: --no-round-robin (2.90)
  std::string domain{};                    // --domain
  std::vector<std::string> local{};        // --local=/domain/ and --server=/domain/, in lower case
  std::vector<DnsmasqUpstream> servers{};  // --server with an address, in their order (2.90)
  bool all_servers = false;                // --all-servers: each question to all that may know
  bool strict_order = false;               // --strict-order: to the first, and on only if that fails
  int most_forwarded = 150;                // --dns-forward-max: unanswered questions at once
  bool negative_cache = true;              // off: --no-negcache
  std::uint32_t min_cache_ttl = 0;         // --min-cache-ttl, seconds, at most an hour
  std::uint32_t max_cache_ttl = 0;         // --max-cache-ttl, seconds; 0: no limit
  std::uint32_t negative_ttl = 0;          // --neg-ttl, seconds, where no SOA record says; 0: not kept
  std::uint32_t max_ttl = 0;               // --max-ttl, seconds, as told to clients; 0: no limit
};

// `where` is named in the InputError for an option that is unknown, not modelled, or lacks its value.
DnsmasqOptions parse_dnsmasq_options(std::string_view version, std::string_view options,
                                     const Location& where);

}  // namespace hanglab::servers
