// unbound.conf, as far as it decides what an unbound answers that asks nobody else: the `server:` clause
// with local-zone, local-data, local-data-ptr and the options below. Every name must fall into a zone that
// answers for itself, so `local-zone: "."` with such a type is required; zone types that let queries
// through to other servers, and every statement that is not known to change nothing here, are refused at
// their place. unbound lets nobody ask but its own host: the configuration has to say `access-control:
// 0.0.0.0/0 allow`, and `access-control: ::/0 allow` where it listens on IPv6 addresses. Errors: InputError.
// Source: unbound.conf(5) of 1.17.1; util/configlexer.lex, util/config_file.c, services/localzone.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/time.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

enum class LocalZoneType {
  deny,
  refuse,
  static_data,  // "static"
  redirect,
  always_refuse,
  always_nxdomain,
  always_nodata,
  always_deny,
  always_null,
};

struct LocalZone {
  WireName name;  // in lower case
  LocalZoneType type = LocalZoneType::static_data;
  Location where{};
};

struct LocalData {
  TextRecord record;
  Location where{};
};

struct UnboundConf {
  bool allows_ipv4 = false;
  bool allows_ipv6 = false;
  std::vector<LocalZone> zones{};
  std::vector<WireName> nodefault{};  // default zones to leave out: local-zone: NAME nodefault
  std::vector<LocalData> data{};      // in the order of the file
  bool rrset_roundrobin = true;
  bool harden_large_queries = false;
  bool harden_short_bufsize = true;
  bool unblock_lan_zones = false;
  bool edns_tcp_keepalive = false;
  std::uint16_t edns_buffer_size = 1232;
  std::uint16_t max_udp_size = 4096;
  int incoming_num_tcp = 10;
  Duration tcp_idle_timeout = std::chrono::seconds(30);
  Duration edns_tcp_keepalive_timeout = std::chrono::seconds(120);
};

// The texts are read one after the other, as unbound reads what it includes. `ipv4`, `ipv6`: where it
// listens.
UnboundConf parse_unbound_conf(const std::vector<PlacedText>& texts, bool ipv4 = true, bool ipv6 = false);

}  // namespace hanglab::servers
