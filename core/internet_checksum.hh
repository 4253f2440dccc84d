// The Internet checksum of IPv4, ICMP, UDP and TCP: the complement of the ones' complement sum of 16-bit
// words (RFC 1071), and how it follows a change of what it covers without a look at the rest (RFC 1624).
#pragma once

#include <cstdint>
#include <span>

namespace hanglab {

class InternetSum {
 public:
  // Octets in the order of the network; an odd one at the end is followed by a 0.
  void add(std::span<const std::uint8_t> bytes);
  void add(std::uint16_t word) { sum_ += word; }
  void subtract(std::span<const std::uint8_t> bytes);
  void subtract(std::uint16_t word) { sum_ += static_cast<std::uint16_t>(~word); }

  // What a header's field holds. Over what includes that field, a right one gives 0.
  std::uint16_t checksum() const { return static_cast<std::uint16_t>(~folded()); }
  // The field after what was added and subtracted here has changed under it.
  std::uint16_t updated(std::uint16_t checksum) const;

 private:
  std::uint16_t folded() const;

  std::uint64_t sum_ = 0;
};

inline std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
  InternetSum sum;
  sum.add(bytes);
  return sum.checksum();
}

}  // namespace hanglab
