// resolv.conf as dnspython reads it: every nameserver, not three; of the options `timeout`, `edns0` and
// `rotate`, and no `attempts`, for its lifetime of 5 s ends a lookup. A timeout may be 0 or less, which waits
// for nothing. `search`, `domain` and `ndots` are read for those who call resolve(…, search=True); without
// it, as here, a name is always taken as absolute. Source: dnspython 2.3.0 (Debian 12), dns/resolver.py,
// BaseResolver.read_resolv_conf.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/time.hh"

namespace hanglab::resolvers::dnspython {

struct Nameserver {
  enum class Kind {
    ipv4,
    ipv6,
    no_address  // taken for the URL of DNS over HTTPS, for which Debian's package has no client
  };
  Kind kind = Kind::ipv4;
  IpAddress address{};

  bool operator==(const Nameserver&) const = default;
};

struct Config {
  std::vector<Nameserver> nameservers{};  // none: the lookup fails at once
  Duration timeout = std::chrono::seconds(2);
  bool edns0 = false;
  bool rotate = false;
};

Config read_config(std::string_view resolv_conf);

}  // namespace hanglab::resolvers::dnspython
