// What a link does to the packets of one direction besides rate and delay, each packet by its turn: loss
// alone and in bursts, packets lost by their number, outages, jitter. Jitter is uniform from -jitter to
// +jitter, as netem draws it where no distribution is given, so that delays have bounds; each packet draws
// its own, and may overtake others. Every packet takes the same share of the random numbers, whatever becomes
// of it, and jitter has numbers of its own: to add an outage or jitter leaves alone which other packets are
// lost. Sources: tc-netem(8) and net/sched/sch_netem.c (loss_gilb_ell, tabledist); Gilbert, "Capacity of a
// Burst-Noise Channel", BSTJ 1960; Elliott, "Estimates of Error Rates for Codes on Burst-Noise Channels",
// BSTJ 1963.
#pragma once

#include <cstdint>
#include <optional>

#include "core/random.hh"
#include "core/time.hh"
#include "scenario/scenario.hh"

namespace hanglab::sim {

enum class WireEnd { a, b };

class Impairments {
 public:
  // For one run. `link` must outlive it.
  Impairments(const scenario::Link& link, WireEnd sender, std::uint64_t seed, std::uint64_t run);

  // The next packet, which leaves its end at this time of the run: by how much its delay differs from the
  // link's, or nothing: it is lost underway.
  std::optional<Duration> next(TimePoint leaves);

 private:
  bool lost_by_chance();
  bool lost_by_number() const;
  bool is_down(TimePoint at) const;
  Duration draw_jitter();

  const scenario::Link* link_;
  const std::vector<scenario::PacketNumbers>* lose_;
  Random loss_random_;
  Random jitter_random_;
  bool in_burst_ = false;
  std::uint64_t packets_ = 0;
};

}  // namespace hanglab::sim
