// Some hundred frames ready to be sent, in one piece of memory that is used again and again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/time.hh"

namespace hanglab::replay {

struct FrameBlock {
  struct Frame {
    std::size_t at = 0;  // in `bytes`
    std::size_t size = 0;
    Duration due{};  // since the first frame of all
  };

  std::vector<std::uint8_t> bytes{};
  std::vector<Frame> frames{};

  std::span<const std::uint8_t> octets(const Frame& frame) const {
    return std::span(bytes).subspan(frame.at, frame.size);
  }
  void clear() {
    bytes.clear();
    frames.clear();
  }
};

}  // namespace hanglab::replay
