// A workload: which lookups are issued, by whom, when. A scenario states one; a capture yields one.
#pragma once

#include <string>
#include <vector>

#include "core/time.hh"

namespace hanglab {

enum class Family { unspec, inet, inet6 };

struct PlannedLookup {
  std::string host;    // the scenario's name of the machine that asks
  std::string client;  // software and version: "glibc-2.36"
  std::string call;    // "getaddrinfo"
  std::string name;
  Family family = Family::unspec;
  Duration at{};  // since the run began

  bool operator==(const PlannedLookup&) const = default;
};

using Workload = std::vector<PlannedLookup>;

}  // namespace hanglab
