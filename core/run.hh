// One run of a scenario in either world, and what is kept of it.
#pragma once

#include <string>
#include <vector>

#include "core/lookup.hh"
#include "core/packet_event.hh"

namespace hanglab {

struct RunOptions {
  bool packets = false;   // keep what each host's tap sees
  bool syscalls = false;  // keep each client's calls as strace prints them
};

struct RunResult {
  std::vector<Lookup> lookups;        // in the workload's order
  std::vector<PacketEvent> packets;   // in order of time
  std::vector<std::string> syscalls;  // by lookup
};

}  // namespace hanglab
