#include "cli/side.hh"

#include <algorithm>
#include <iterator>

#include "cli/outputs.hh"
#include "replay/tap_packets.hh"

namespace hanglab::cli {

std::vector<HostExchange> exchanges_of(const scenario::Scenario& scenario, std::vector<PacketEvent> packets) {
  const Duration end = observation_end(scenario);
  std::erase_if(packets, [end](const PacketEvent& packet) { return packet.at >= end; });
  std::vector<HostExchange> exchanges;
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host)
    exchanges.push_back({.host = host, .exchange = replay::reduce(replay::packets_of(host, packets))});
  return exchanges;
}

void Side::add(const scenario::Scenario& scenario, RunResult run) {
  std::ranges::move(exchanges_of(scenario, std::move(run.packets)), std::back_inserter(exchanges));
  std::ranges::move(run.lookups, std::back_inserter(lookups));
}

}  // namespace hanglab::cli
