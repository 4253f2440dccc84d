// The lab's only source of randomness: a stream of numbers named by the scenario's seed, the run
// and a purpose ("timer-phase/vm"). Whoever asks for the same name gets the same numbers, in any
// worker and in any order of runs.
// Source: SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators",
// OOPSLA 2014); the name is folded into its state by FNV-1a.
#pragma once

#include <cstdint>
#include <string_view>

namespace hanglab {

class Random {
 public:
  explicit Random(std::uint64_t state) : state_(state) {}
  Random(std::uint64_t seed, std::uint64_t run, std::string_view purpose);

  std::uint64_t next();                      // all 64 bits uniform
  std::uint64_t below(std::uint64_t bound);  // uniform in [0, bound); bound > 0
  double uniform();                          // uniform in [0, 1)
  bool chance(double probability) { return uniform() < probability; }

 private:
  std::uint64_t state_;
};

}  // namespace hanglab
