// What `compare` holds the simulation against: lookups that were really made, and what passed the hosts
// meanwhile.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/live_options.hh"
#include "core/lookup.hh"
#include "replay/packet_comparison.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

struct HostExchange {
  std::uint32_t host = 0;  // index in the scenario's hosts
  replay::Exchange exchange;
};

// What passed each host of the scenario in one run.
std::vector<HostExchange> exchanges_of(const scenario::Scenario& scenario,
                                       const std::vector<PacketEvent>& packets);

struct RealSide {
  std::string what;               // "3 live runs, carried by veth pairs"
  scenario::Scenario scenario{};  // to be simulated: on the machine that the real lookups were made on
  std::vector<Lookup> lookups{};
  std::vector<HostExchange> exchanges{};
  std::vector<std::string> notes{};
  bool complete = true;  // false: Ctrl-C came first
};

struct LiveRuns {
  std::uint64_t seed = 1;
  std::uint64_t runs = 1;
  unsigned jobs = 1;
};

// Makes them now.
RealSide real_side_live(const scenario::Scenario& scenario, const LiveOptions& options, const LiveRuns& how);

// Reads them: a folder with results.sqlite or case.json, and with captures if there are any, or a file of
// records. Throws InputError where it is none of these or holds no lookup.
RealSide real_side_stored(const scenario::Scenario& scenario, const std::filesystem::path& path);

}  // namespace hanglab::cli
