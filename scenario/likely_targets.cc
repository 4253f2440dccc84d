#include "scenario/likely_targets.hh"

namespace hanglab::scenario {

std::set<IpAddress> likely_targets(const Scenario& scenario) {
  std::set<IpAddress> targets;
  for (const Host& host : scenario.hosts) {
    targets.insert(host.resolv_conf.nameservers.begin(), host.resolv_conf.nameservers.end());
    for (const Route& route : host.routes) targets.insert(route.via);
    for (const Ipv6Route& route : host.ipv6_routes) targets.insert(route.via);
    if (host.dns_servers.empty() && !host.forwards && !host.forwards_ipv6) continue;
    for (const Interface& interface : host.interfaces)
      for (const IpAddress& address : interface.addresses()) targets.insert(address);
  }
  return targets;
}

}  // namespace hanglab::scenario
