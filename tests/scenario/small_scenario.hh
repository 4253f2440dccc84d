// A scenario small enough to see whole, for tests that change one thing of it.
#pragma once

#include <stdexcept>
#include <string>

#include "scenario/scenario.hh"

namespace hanglab::scenario {

//  vm eth0 10.0.0.2 ------ br0 ------ eth0 10.0.0.1 dns
inline const std::string small_scenario = R"(name: small
hosts:
  dns:
    interfaces:
      eth0: {address: 10.0.0.1/24}
    dns:
      - software: dnsmasq 2.90
        addn-hosts: |
          10.0.1.1 a.test
  vm:
    kernel: {version: "6.1", hz: 250}
    interfaces:
      eth0: {address: 10.0.0.2/24}
    sysctls: {net.ipv4.tcp_syn_retries: 6}
    resolv.conf: |
      nameserver 10.0.0.1
    nsswitch.conf: "hosts: files dns"
    iptables: |
      # the fault
      iptables -A OUTPUT -p tcp --dport 53 -j DROP
bridges:
  br0: {}
links:
  - {from: dns.eth0, to: br0}
  - {from: vm.eth0, to: br0, delay: 30us, rate: 10Gbps, loss: 2%}
lookups:
  - {host: vm, client: glibc-2.36, name: a.test}
)";

// The small scenario with the one place that reads `from` reading `to`.
inline std::string small_with(const std::string& from, const std::string& to) {
  const auto at = small_scenario.find(from);
  if (at == std::string::npos || small_scenario.find(from, at + 1) != std::string::npos)
    throw std::logic_error("'" + from + "' is not there exactly once");
  return std::string(small_scenario).replace(at, from.size(), to);
}

inline Scenario parse_small_with(const std::string& from, const std::string& to) {
  return parse(small_with(from, to), "small.yaml");
}

// What the reader says to a broken scenario.
template <typename Read>
std::string complaint_of(const Read& read) {
  try {
    read();
  } catch (const InputError& problem) {
    return problem.what();
  }
  return "no complaint";
}

}  // namespace hanglab::scenario
