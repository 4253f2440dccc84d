#include "scenario/likely_targets.hh"

namespace hanglab::scenario {

std::set<Ipv4Address> likely_targets(const Scenario& scenario) {
  std::set<Ipv4Address> targets;
  for (const Host& host : scenario.hosts) {
    targets.insert(host.resolv_conf.nameservers.begin(), host.resolv_conf.nameservers.end());
    for (const Route& route : host.routes) targets.insert(route.via);
    if (host.dns_servers.empty() && !host.forwards) continue;
    for (const Interface& interface : host.interfaces) {
      targets.insert(interface.address.address);
      targets.insert(interface.more_addresses.begin(), interface.more_addresses.end());
    }
  }
  return targets;
}

}  // namespace hanglab::scenario
