#include "live/world.hh"

#include <deque>

#include "live/carrier_process.hh"
#include "live/dns_service.hh"
#include "live/host.hh"
#include "live/host_setup.hh"
#include "live/run.hh"
#include "live/wiring.hh"

namespace hanglab::live {

WorldResult run_world(const scenario::Scenario& scenario, const Options& options, std::uint64_t seed,
                      std::uint64_t number) {
  std::deque<Host> hosts;
  for (const auto& host : scenario.hosts) configure_kernel(hosts.emplace_back(host));
  std::deque<scenario::Host> switch_plans;
  std::deque<Host> switches;
  Taps taps = make_network(scenario, hosts, switch_plans, switches, static_cast<bool>(options.carrier));
  CarrierProcess carrier(options.carrier, std::move(taps), seed, number);
  for (const Host& host : hosts) start_dns_servers(host);
  for (const Host& host : hosts) load_firewall(host);
  Run run(scenario, options, hosts);
  carrier.begin_run();
  WorldResult result = run.go(seed, number);
  result.network = carrier.finish();
  return result;
}

}  // namespace hanglab::live
