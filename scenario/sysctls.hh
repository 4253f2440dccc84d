// The kernel settings a scenario may give a host, by their real names, with the values that the kernel
// would take: what is not here is refused, since a setting without effect would be a lie.
// Source: Linux Documentation/networking/ip-sysctl.rst and net/ipv4/sysctl_net_ipv4.c.
#pragma once

#include <map>
#include <string>

#include "scenario/scenario.hh"
#include "scenario/value.hh"

namespace hanglab::scenario {

// The values as sysctl(8) prints them, checked against the host's kernel version. Throws InputError.
std::map<std::string, std::string> read_sysctls(const Value& settings, const Kernel& kernel);

}  // namespace hanglab::scenario
