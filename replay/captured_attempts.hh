// The steps of a captured lookup as the attempts of a record (core/lookup.hh). Whether silence was ended by
// the program or by its kernel a capture does not show: an attempt that another one follows has timed out,
// the last one has no answer.
#pragma once

#include <span>
#include <vector>

#include "core/lookup.hh"
#include "replay/lookup_step.hh"

namespace hanglab::replay {

// Times from `start` on; what nothing decided ends where the next attempt begins, or at `end`.
std::vector<Attempt> attempts_of(std::span<const LookupStep> steps, Duration start, Duration end);

}  // namespace hanglab::replay
