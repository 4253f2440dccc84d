// A measured case as a scenario. A case is a folder with case.json (what was set up between two network
// namespaces, and what the program returned) and hv.pcap (what crossed the wire, seen by the server's
// host); docs/architecture.md says how they were made.
#pragma once

#include <filesystem>
#include <string_view>

#include "core/lookup.hh"
#include "scenario/scenario.hh"

namespace hanglab::tests {

struct Case {
  Lookup observed;
  scenario::Scenario scenario;
};

// `link_delay` as a scenario writes it: "3us".
Case read_case(const std::filesystem::path& folder, std::string_view link_delay);

}  // namespace hanglab::tests
