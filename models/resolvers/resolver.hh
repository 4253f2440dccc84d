// A stub resolver as a coroutine over system calls: one call of a program, from the name to its
// addresses or its error. Each modelled program is one function of this form, found by its name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/workload.hh"
#include "models/linux/nsswitch.hh"
#include "models/linux/resolv_conf.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"

namespace hanglab::resolvers {

// What the program finds on its host besides the network.
struct Environment {
  const kernel::ResolvConf& resolv_conf;  // as glibc reads it
  std::string_view resolv_conf_text;      // for those who read it otherwise
  const kernel::NssHosts& nss_hosts;
  std::string_view etc_hosts;  // text of /etc/hosts
  std::string_view hostname;
  std::span<const IpAddress> addresses;  // of the host's interfaces, for nss-myhostname
};

struct Answer {
  std::string error{};  // "EAI_AGAIN"; empty: success
  std::vector<IpAddress> addresses{};
};

using Resolver = posix::Task<Answer> (*)(posix::Posix& os, Environment environment, std::string name,
                                         Family family);

// nullptr when there is no model of that client: "glibc-2.36".
Resolver find_resolver(std::string_view client);
std::vector<std::string_view> known_clients();

}  // namespace hanglab::resolvers
