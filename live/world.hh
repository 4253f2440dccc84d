// A scenario for real, once: its hosts as network namespaces, its links as veth pairs (or through a carrier),
// its sysctls, configuration files and iptables rules as written, its servers and clients as real programs.
// Belongs inside a Sandbox: it leaves everything it makes to the sandbox to clear away.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "core/run.hh"
#include "live/network.hh"
#include "scenario/scenario.hh"

namespace hanglab::live {

struct Options {
  RunOptions keep{};
  std::map<std::string, std::filesystem::path> programs{};  // by client: "glibc-2.36"
  Carrier carrier{};                                        // none: veth pairs
};

struct WorldResult {
  RunResult run;                      // attempts are for the reader of its packets to find
  std::vector<PacketEvent> unsent{};  // what hosts tried to send that no tap saw, in order of time
  std::string network{};              // what carried it, in words
};

// Makes the world, issues the lookups at their times, ends those that the scenario gives up on, and watches
// the wires for another second. Throws Error where a part cannot be made or a program does not do its part.
WorldResult run_world(const scenario::Scenario& scenario, const Options& options, std::uint64_t seed,
                      std::uint64_t number);

}  // namespace hanglab::live
