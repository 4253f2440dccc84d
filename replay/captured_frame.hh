// One frame of a capture, as it was captured.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/time.hh"

namespace hanglab::replay {

struct CapturedFrame {
  std::uint64_t number = 0;     // in the file, from 1, as Wireshark counts
  Duration at{};                // since 1970-01-01 00:00 UTC
  int link_type = 0;            // replay/link_layer.hh
  std::uint32_t interface = 0;  // of a pcapng file, which may have several
  std::vector<std::uint8_t> bytes{};
  std::size_t size = 0;  // as sent; larger than bytes where the capture cut it short
};

}  // namespace hanglab::replay
