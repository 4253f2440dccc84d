// A point in a capture as the user writes it: "2s" or "150ms" after its first packet; or absolute, in
// seconds since 1970 ("1700000000.25") or as in RFC 3339 ("2023-11-14T22:13:20.25Z", "…+01:00").
#pragma once

#include <optional>
#include <string_view>

#include "core/time.hh"

namespace hanglab::replay {

struct TimeBound {
  bool after_first_packet = false;  // else since 1970
  Duration at{};

  bool operator==(const TimeBound&) const = default;
};

// Empty for what is none of these, or too far away for 63 bits of nanoseconds.
std::optional<TimeBound> parse_time_bound(std::string_view text);

}  // namespace hanglab::replay
