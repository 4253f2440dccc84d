// One packet as a tap on one host's interface saw it: where tcpdump sits, that is after the
// OUTPUT chain on the way out and before the INPUT chain on the way in.
#pragma once

#include <cstdint>
#include <vector>

#include "core/time.hh"

namespace hanglab {

enum class Direction { in, out };

struct PacketEvent {
  Duration at{};                // since the run began
  std::uint32_t host = 0;       // index in the scenario's hosts
  std::uint32_t interface = 0;  // index in the host's interfaces
  Direction direction = Direction::in;
  std::vector<std::uint8_t> bytes{};  // from the IP header on

  bool operator==(const PacketEvent&) const = default;
};

}  // namespace hanglab
