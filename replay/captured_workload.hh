// Captured lookups as a workload that a world can run: the same names, from the hosts that stand for
// the captured clients, at the recorded distances in time.
#pragma once

#include <map>
#include <span>
#include <string>

#include "core/address.hh"
#include "core/workload.hh"
#include "replay/captured_lookup.hh"

namespace hanglab::replay {

// Who plays a captured client.
struct StandIn {
  std::string host;
  std::string client;  // software and version: "glibc-2.36"
  std::string call = "getaddrinfo";
};

// Whether a call for addresses makes such a lookup: it asked for A or AAAA.
bool can_be_replayed(const CapturedLookup& lookup);

// One planned lookup for each captured one, in their order; the first of them in time is at zero. Throws
// Error for a client without a stand-in and for a lookup that cannot be replayed.
Workload make_workload(std::span<const CapturedLookup> lookups,
                       const std::map<IpAddress, StandIn>& stand_ins);

}  // namespace hanglab::replay
