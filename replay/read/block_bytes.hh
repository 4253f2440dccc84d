// What the readers of pcap and pcapng share: numbers in the file's byte order.
#pragma once

#include <cstdint>
#include <span>

#include "replay/read/byte_stream.hh"

namespace hanglab::replay {

// Of one frame: what tcpdump and Wireshark take at most.
constexpr std::size_t longest_frame = 262'144;

// A number at the front of a field, in the order of a file that was written by this machine or by one of the
// other order.
class FileOrder {
 public:
  explicit FileOrder(bool big_endian = false) : big_endian_(big_endian) {}

  std::uint16_t u16(std::span<const std::uint8_t> bytes, std::size_t at) const {
    return static_cast<std::uint16_t>(big_endian_ ? bytes[at] << 8 | bytes[at + 1]
                                                  : bytes[at + 1] << 8 | bytes[at]);
  }
  std::uint32_t u32(std::span<const std::uint8_t> bytes, std::size_t at) const {
    const std::uint32_t first = u16(bytes, at);
    const std::uint32_t second = u16(bytes, at + 2);
    return big_endian_ ? first << 16 | second : second << 16 | first;
  }
  std::uint64_t u64(std::span<const std::uint8_t> bytes, std::size_t at) const {
    const std::uint64_t first = u32(bytes, at);
    const std::uint64_t second = u32(bytes, at + 4);
    return big_endian_ ? first << 32 | second : second << 32 | first;
  }

 private:
  bool big_endian_;
};

}  // namespace hanglab::replay
