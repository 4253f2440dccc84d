// The options that `run` and `replay` share: what is simulated, from which numbers, and where the lookups go.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/options.hh"
#include "cli/outputs.hh"
#include "records/store.hh"
#include "scenario/scenario.hh"
#include "sim/world.hh"

namespace hanglab::cli {

struct SimulationOptions {
  std::vector<std::string> overrides{};
  std::uint64_t seed = 1;
  std::string format = "table";
  std::string directory{};

  void add_to(boost::program_options::options_description& options);
};

OutputSettings output_settings(const SimulationOptions& options,
                               const boost::program_options::variables_map& values);

// What the runs have to keep for these outputs.
RunOptions run_options(const OutputSettings& settings);

records::Provenance provenance(const Words& words, const scenario::Scenario& scenario, std::uint64_t seed,
                               std::uint64_t runs);

// On standard error, what the scenario's texts made the modelled programs complain about.
void print_warnings(const std::vector<std::string>& warnings);

}  // namespace hanglab::cli
