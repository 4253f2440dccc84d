#include "replay/send/mac_address.hh"

#include <fmt/format.h>

#include <charconv>

namespace hanglab::replay {

std::optional<MacAddress> parse_mac(std::string_view text) {
  constexpr std::size_t length = 17;
  if (text.size() != length) return {};
  MacAddress address;
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const char* begin = text.data() + 3 * i;
    if (i > 0 && begin[-1] != ':') return {};
    const auto [end, problem] = std::from_chars(begin, begin + 2, address.bytes[i], 16);
    if (problem != std::errc{} || end != begin + 2) return {};
  }
  return address;
}

std::string to_string(const MacAddress& address) {
  return fmt::format("{:02x}", fmt::join(address.bytes, ":"));
}

}  // namespace hanglab::replay
