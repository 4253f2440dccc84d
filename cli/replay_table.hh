// How a replay is told: what the capture held, and each lookup as captured beside as replayed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/lookup.hh"
#include "core/time.hh"
#include "replay/capture_lookups.hh"
#include "replay/captured_workload.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

// What was read and, by kind, what could not be used.
std::string capture_report(const std::string& file, const replay::CaptureContents& contents);

// Those that replay can issue; throws Error where there is none.
std::vector<replay::CapturedLookup> replayable_lookups(const std::string& file,
                                                       const replay::CaptureContents& contents);

// Tells why the capture was not read to its end, if so; the exit status.
int status_after(const std::optional<std::string>& damage);

std::vector<std::string> names_of(const scenario::Scenario& scenario);  // "vm (192.168.122.119)"

// A lookup as captured before and, unless it is nullptr, after; `…_end`: up to when lookups without a visible
// end were watched.
std::string beside(const replay::CapturedLookup& before, Duration capture_end,
                   const replay::CapturedLookup* after, Duration replay_end);

// `capture_end`: since 1970, up to when a lookup without a visible end was watched.
std::string replay_table(std::span<const replay::CapturedLookup> captured, std::span<const Lookup> replayed,
                         Duration capture_end);

}  // namespace hanglab::cli
