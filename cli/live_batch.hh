// Runs for real, any number of them side by side: waiting costs nothing, so dozens of hangs of two minutes
// take two minutes, if they do not all begin at once. Each is a live world in a sandbox of its own; results
// come back in the order of the tasks.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "live/world.hh"

namespace hanglab::cli {

struct LiveTask {
  const scenario::Scenario* scenario = nullptr;
  const live::Options* options = nullptr;
  std::uint64_t run = 0;
};

// Calls `take` for each task in order, with its place. `go_on` is asked several times a second, with how many
// have finished; when it or `take` returns false, all that was begun is ended. Returns how many were taken.
// Throws Error when a world cannot be built or a program in it does not do its part.
std::uint64_t run_live(std::span<const LiveTask> tasks, std::uint64_t seed, unsigned jobs,
                       const std::function<bool(std::uint64_t task, live::WorldResult result)>& take,
                       const std::function<bool(std::uint64_t finished)>& go_on);

}  // namespace hanglab::cli
