// Bytes as a test writes them: "c0 0c 0001", blanks for the eye.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace hanglab {

inline std::vector<std::uint8_t> hex(std::string_view digits) {
  std::vector<std::uint8_t> bytes;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ') continue;
    const int value = c <= '9' ? c - '0' : c - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<std::uint8_t>(high * 16 + value));
      high = -1;
    }
  }
  return bytes;
}

}  // namespace hanglab
