// The attempts of lookups that were made for real, found in what passed the interfaces of their hosts.
#pragma once

#include "live/world.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

void add_attempts(const scenario::Scenario& scenario, live::WorldResult& result);

}  // namespace hanglab::cli
