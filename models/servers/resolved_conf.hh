// resolved.conf, as far as it decides what systemd-resolved asks and answers: DNS=, Cache=,
// CacheFromLocalhost= and ResolveUnicastSingleLabel=. LLMNR= and MulticastDNS= have to be `no`, which
// Debian's defaults are not: the lab has no multicast name resolution; DNSSEC= and DNSOverTLS= may say the
// `no` that they are by default. Any other setting is refused at its place, but for those whose value changes
// nothing here. Errors: InputError. Source: resolved.conf(5) of 252; src/resolve/resolved-gperf.gperf.
#pragma once

#include <vector>

#include "core/address.hh"
#include "models/servers/record_text.hh"

namespace hanglab::servers {

struct ResolvedConf {
  enum class Cache { yes, no_negative, no };

  std::vector<IpAddress> servers{};  // DNS=, in the order of the file
  Cache cache = Cache::yes;
  bool cache_from_localhost = false;
  bool single_label_names = false;  // are asked of the servers
};

ResolvedConf parse_resolved_conf(const PlacedText& text);

}  // namespace hanglab::servers
