// Whom the hosts of a scenario may want to send to: servers, routers, and whatever a resolv.conf names. Both
// worlds fill the neighbour tables of those and of their neighbours before a run, as on machines that have
// talked before; in a star of a hundred machines that is a hundred entries and not ten thousand.
#pragma once

#include <set>

#include "scenario/scenario.hh"

namespace hanglab::scenario {

std::set<IpAddress> likely_targets(const Scenario& scenario);

}  // namespace hanglab::scenario
