// Many runs of one scenario, in this process or in several: ns-3's simulator is global, so workers
// are processes. Results come back in the order of the runs, whoever made them, so that what is
// written does not depend on the number of workers.
#pragma once

#include <cstdint>
#include <functional>

#include "scenario/scenario.hh"
#include "sim/world.hh"

namespace hanglab::cli {

struct Batch {
  const scenario::Scenario& scenario;
  std::uint64_t seed = 1;
  std::uint64_t runs = 1;
  unsigned jobs = 1;
  RunOptions options{};
};

// Calls `take` for each run in order; stops early when it returns false. Returns how many were taken.
// Throws Error when a worker fails.
std::uint64_t run_batch(const Batch& batch,
                        const std::function<bool(std::uint64_t run, RunResult result)>& take);

}  // namespace hanglab::cli
