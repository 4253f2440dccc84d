// What a comparison holds against another of its kind: the lookups that were made in one of the two worlds,
// and what passed each host meanwhile.
#pragma once

#include <cstdint>
#include <vector>

#include "core/run.hh"
#include "replay/packet_comparison.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

struct HostExchange {
  std::uint32_t host = 0;  // index in the scenario's hosts
  replay::Exchange exchange;
};

// What passed each host of the scenario in one run, until observation ended: what a real program's kernel
// sends when it is killed then, a simulated one, which goes on waiting, does not.
std::vector<HostExchange> exchanges_of(const scenario::Scenario& scenario, std::vector<PacketEvent> packets);

struct Side {
  std::vector<Lookup> lookups{};
  std::vector<HostExchange> exchanges{};  // of each run in turn

  void add(const scenario::Scenario& scenario, RunResult run);
};

}  // namespace hanglab::cli
