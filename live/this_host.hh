// This machine as a scenario would describe it: a comparison must be of like with like.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/scenario.hh"

namespace hanglab::live {

struct ThisHost {
  scenario::Kernel kernel{};
  std::map<std::string, std::string> servers{};  // versions by name: "unbound" -> "1.17.1"
};

// With the servers that the scenario names, as far as they are here.
ThisHost this_host(const scenario::Scenario& scenario);

// Debian's package that brings a server: "dnsmasq-base".
std::string_view package_of(const std::string& server);

// Versions agree if one is the other's beginning: "1.17" and "1.17.1".
//
// The scenario with the kernel and the server versions that this machine has in place of the written ones;
// `notes` says what was replaced. Where a sysctl makes this kernel behave as the written one would, it is
// set: kernels before 6.5 have no linear SYN timeouts.
scenario::Scenario as_on(const ThisHost& machine, scenario::Scenario scenario,
                         std::vector<std::string>& notes);

}  // namespace hanglab::live
