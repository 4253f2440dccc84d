// Runs for real, any number of them side by side: waiting costs nothing, so dozens of hangs of two minutes
// take two minutes, if they do not all begin at once. Each is a live world in a sandbox of its own; results
// come back in the order of the tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "cli/progress.hh"
#include "live/world.hh"

namespace hanglab::cli {

struct LiveTask {
  const scenario::Scenario* scenario = nullptr;
  const live::Options* options = nullptr;
  std::uint64_t run = 0;
};

// Calls `take` for each task in order, with its place, and tells `progress` how many have finished. Ctrl-C
// ends all that was begun. Returns how many were taken. Throws Error when a world cannot be built or a
// program in it does not do its part.
std::uint64_t run_live(std::span<const LiveTask> tasks, std::uint64_t seed, unsigned jobs, Progress& progress,
                       const std::function<void(std::uint64_t task, live::WorldResult result)>& take);

}  // namespace hanglab::cli
