// Addresses of IEEE 802 as values: "02:00:c0:a8:7a:01".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hanglab::replay {

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  bool operator==(const MacAddress&) const = default;
};

std::optional<MacAddress> parse_mac(std::string_view text);
std::string to_string(const MacAddress& address);

}  // namespace hanglab::replay
