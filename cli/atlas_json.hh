// The atlas for programs: an object with the clients, and for each fault its cells.
#pragma once

#include <string>

#include "analysis/atlas.hh"

namespace hanglab::cli {

std::string atlas_json(const analysis::Atlas& atlas);

}  // namespace hanglab::cli
