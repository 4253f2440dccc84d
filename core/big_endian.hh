// Numbers in the order of the network, in the midst of octets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hanglab {

inline std::uint16_t get_u16(std::span<const std::uint8_t> bytes, std::size_t at = 0) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

inline std::uint32_t get_u32(std::span<const std::uint8_t> bytes, std::size_t at = 0) {
  return static_cast<std::uint32_t>(get_u16(bytes, at)) << 16 | get_u16(bytes, at + 2);
}

// The lower 16 bits of the value.
inline void set_u16(std::span<std::uint8_t> bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}

}  // namespace hanglab
