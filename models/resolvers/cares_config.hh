// What c-ares makes of /etc/resolv.conf and the `hosts:` line of nsswitch.conf. It reads them by its own
// rules and not by glibc's: any number of name servers, lists with commas, and of the options those that the
// version knows: 1.18 has `retrans` and `retry` where everybody writes `timeout` and `attempts`, and no
// `use-vc`; 1.34 knows all of them.
// Source: c-ares 1.18.1, src/lib/ares_init.c; 1.34.6, src/lib/ares_sysconfig_files.c, ares_sysconfig.c,
// ares_update_servers.c. Left out: the scope of an IPv6 name server, `sortlist`, the environment
// (LOCALDOMAIN, RES_OPTIONS).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/time.hh"
#include "models/linux/nsswitch.hh"

namespace hanglab::resolvers::cares {

// Status codes of ares.h.
enum class Status {
  success,
  enodata,
  eformerr,
  eservfail,
  enotfound,
  enotimp,
  erefused,
  ebadresp,
  econnrefused,
  etimeout
};

std::string name_of(Status status);  // "ETIMEOUT": as Node.js says it, and ares.h after "ARES_"

struct Config {
  std::vector<Endpoint> servers{};
  std::vector<std::string> search{};
  int ndots = 1;
  Duration timeout{};  // of the first round
  int tries = 0;       // of each server
  bool rotate = false;
  bool use_tcp = false;
  std::string lookups = "fb";  // the order: f for /etc/hosts, b for DNS
};

Config read_config_1_18(std::string_view resolv_conf, const kernel::NssHosts& nss_hosts,
                        std::string_view hostname);
// Search list and order of lookups are left as they are: who asks by ares_query(), as Node.js, uses neither.
Config read_config_1_34(std::string_view resolv_conf);

}  // namespace hanglab::resolvers::cares
