#include "core/internet_checksum.hh"

#include <bit>
#include <cstring>

namespace hanglab {

namespace {

std::uint16_t folded(std::uint64_t sum) {
  while ((sum >> 16) != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// Sums of words whose octets are swapped are swapped themselves (RFC 1071 1.2 B), so the machine's own order
// does, four octets at a time.
std::uint16_t sum_of(std::span<const std::uint8_t> bytes) {
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t words = 0;
    std::memcpy(&words, bytes.data() + at, sizeof words);
    sum += words;
  }
  for (; at < bytes.size(); at += 2) {
    std::uint16_t word = 0;
    std::memcpy(&word, bytes.data() + at, at + 1 < bytes.size() ? 2 : 1);
    sum += word;
  }
  const std::uint16_t own_order = folded(sum);
  if (std::endian::native == std::endian::big) return own_order;
  return static_cast<std::uint16_t>(own_order << 8 | own_order >> 8);
}

}  // namespace

void InternetSum::add(std::span<const std::uint8_t> bytes) { add(sum_of(bytes)); }

void InternetSum::subtract(std::span<const std::uint8_t> bytes) { subtract(sum_of(bytes)); }

std::uint16_t InternetSum::folded() const { return hanglab::folded(sum_); }

std::uint16_t InternetSum::updated(std::uint16_t checksum) const {
  InternetSum all = *this;  // equation 3 of RFC 1624: ~(~HC + ~m + m')
  all.add(static_cast<std::uint16_t>(~checksum));
  return all.checksum();
}

}  // namespace hanglab
