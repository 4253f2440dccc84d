// What makes a namespace the scenario's host: its sysctls, and its firewall as written.
// Sources: sysctl(8), proc_sys(5), iptables(8), iptables-save(8).
#pragma once

#include "live/host.hh"

namespace hanglab::live {

// Both throw Error for a setting that this machine's kernel does not have.
void set_sysctl(const Host& host, const std::string& name, const std::string& value);
void configure_kernel(const Host& host);

// Throws Error with what iptables said of a rule.
void load_firewall(const Host& host);

}  // namespace hanglab::live
