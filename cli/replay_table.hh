// How a replay is told: what the capture held, and each lookup as captured beside as replayed.
#pragma once

#include <span>
#include <string>

#include "core/lookup.hh"
#include "replay/captured_workload.hh"
#include "replay/lookup_finder.hh"

namespace hanglab::cli {

// What was read and, by kind, what could not be used.
std::string capture_report(const std::string& file, const replay::CaptureContents& contents);

std::string replay_table(std::span<const replay::CapturedLookup> captured, std::span<const Lookup> replayed);

}  // namespace hanglab::cli
