// What `compare` holds the simulation against.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/live_options.hh"
#include "cli/side.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

struct RealSide {
  std::string what;               // "3 live runs, carried by veth pairs"
  scenario::Scenario scenario{};  // to be simulated: on the machine that the real lookups were made on
  Side made{};
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
