#include "cli/side.hh"

#include <algorithm>
#include <iterator>

#include "replay/wire_attempts.hh"

namespace hanglab::cli {

void Side::add(const scenario::Scenario& scenario, RunResult run) {
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host)
    exchanges.push_back({.host = host, .exchange = replay::reduce(replay::packets_of(host, run.packets))});
  std::ranges::move(run.lookups, std::back_inserter(lookups));
}

}  // namespace hanglab::cli
