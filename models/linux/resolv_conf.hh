// resolv.conf(5) as glibc reads it (resolv/res_init.c, 2.28 to 2.36): name servers, search list, options.
// Times and counts are as written, since each resolver has limits of its own. Lines and options that glibc
// would ignore are ignored here too; so is `sortlist`, which changes no hang. The environment variables
// LOCALDOMAIN and RES_OPTIONS are not read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"

namespace hanglab::kernel {

struct ResolvConf {
  // At most 3 (MAXNS); none at all: 127.0.0.1, as glibc does. Of an IPv6 address the scope behind its '%' is
  // left out.
  std::vector<IpAddress> nameservers{};
  // The last of domain/search counts. Empty: glibc takes what follows the first dot of the host's name.
  std::vector<std::string> search{};
  int ndots = 1;      // 0 to 15 (RES_MAXNDOTS)
  int timeout_s = 5;  // RES_TIMEOUT
  int attempts = 2;   // RES_DFLRETRY
  bool rotate = false;
  bool use_vc = false;
  bool edns0 = false;
  bool single_request = false;
  bool single_request_reopen = false;
  bool no_aaaa = false;   // glibc 2.36
  bool trust_ad = false;  // glibc 2.31

  bool operator==(const ResolvConf&) const = default;
};

ResolvConf parse_resolv_conf(std::string_view text);

}  // namespace hanglab::kernel
