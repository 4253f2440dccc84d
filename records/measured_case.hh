// A case that was measured for real: a folder with case.json, which says what was looked up and what came of
// it, and hv.pcap, which the server's host saw. tests/captures/groundtruth holds such folders;
// docs/architecture.md says how they were made.
#pragma once

#include <filesystem>
#include <string>

#include "core/lookup.hh"

namespace hanglab::records {

struct MeasuredCase {
  Lookup lookup;  // its host is "vm"; without attempts
  std::filesystem::path server_capture{};
};

// Errors are named as the probes of the live world name them. Throws InputError where the folder holds no
// case.
MeasuredCase read_measured_case(const std::filesystem::path& folder);

}  // namespace hanglab::records
