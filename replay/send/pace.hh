// When each frame of a capture is due: at its recorded time (faster or slower by a factor), at a constant
// rate of packets or of bits, or at once. Deadlines are absolute, counted from the first frame, so that no
// rounding adds up, and never go back where a capture's times do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <variant>

#include "core/time.hh"

namespace hanglab::replay {

struct AsRecorded {
  double speed = 1;
};
struct PacketsPerSecond {
  double rate = 0;
};
struct BitsPerSecond {
  double rate = 0;  // of frames from their Ethernet header on, without preamble and gap
};
struct TopSpeed {};

using PaceKind = std::variant<AsRecorded, PacketsPerSecond, BitsPerSecond, TopSpeed>;

class Pace {
 public:
  explicit Pace(PaceKind kind) : kind_(kind) {}

  // Of the next frame: captured at that time, so many octets long. The first is due at 0.
  Duration due(Duration captured_at, std::size_t size);
  // What follows was captured before what came last: a loop begins anew, right behind it.
  void begin_again() { first_at_ = no_time; }

 private:
  static constexpr Duration no_time = Duration::min();

  PaceKind kind_;
  Duration first_at_ = no_time;
  Duration loop_began_{};
  Duration last_{};
  std::uint64_t packets_ = 0;
  std::uint64_t octets_ = 0;
};

}  // namespace hanglab::replay
