// resolv.conf as dig reads it, which is not as glibc does: a timeout that is not set means one for UDP and
// another for TCP, three attempts are the default, and what cannot be understood on the line of a keyword
// that dig knows ends the program ("parse of /etc/resolv.conf failed"). `search` and `domain` are read and,
// without +search, not used; of the options only `timeout` and `attempts` matter to it.
// Source: BIND 9.18.49, lib/irs/resconf.c, and setup_system() of bin/dig/dighost.c.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/time.hh"

namespace hanglab::resolvers::dig {

struct ResolvConf {
  std::vector<IpAddress> servers{};  // at most 3; none: 127.0.0.1
  std::optional<Duration> timeout{};
  int attempts = 3;

  bool operator==(const ResolvConf&) const = default;
};

// Nothing where dig gives up. Of an IPv6 address the scope behind its '%' is left out.
std::optional<ResolvConf> read_resolv_conf(std::string_view text);

}  // namespace hanglab::resolvers::dig
