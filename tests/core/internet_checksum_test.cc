#include "core/internet_checksum.hh"

#include <array>
#include <catch2/catch.hpp>

namespace hanglab {

TEST_CASE("The example of RFC 1071 sums to ddf2") {
  const std::array<std::uint8_t, 8> bytes{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  CHECK(internet_checksum(bytes) == 0x220d);
  CHECK(internet_checksum(std::span(bytes).first(7)) == static_cast<std::uint16_t>(~0xdcfb));
}

TEST_CASE("A message with its checksum in place sums to 0") {
  std::array<std::uint8_t, 8> bytes{0x45, 0x00, 0x00, 0x54, 0x00, 0x00, 0xff, 0xee};
  const auto checksum = internet_checksum(bytes);
  bytes[4] = static_cast<std::uint8_t>(checksum >> 8);
  bytes[5] = static_cast<std::uint8_t>(checksum);
  CHECK(internet_checksum(bytes) == 0);
}

TEST_CASE("The example of RFC 1624: a word changes from 5555 to 3285, and dd2f becomes 0000") {
  InternetSum change;
  change.subtract(0x5555);
  change.add(0x3285);
  CHECK(change.updated(0xdd2f) == 0x0000);
}

TEST_CASE("A checksum follows a change of several words as if it were made anew") {
  std::array<std::uint8_t, 12> before{1, 2, 3, 4, 0xff, 0xff, 7, 8, 9, 10, 11, 12};
  std::array<std::uint8_t, 12> after = before;
  after[4] = 0x0a;
  after[5] = 0x09;
  after[7] = 0xfe;
  InternetSum change;
  change.subtract(std::span(before).subspan(4, 4));
  change.add(std::span(after).subspan(4, 4));
  CHECK(change.updated(internet_checksum(before)) == internet_checksum(after));
}

}  // namespace hanglab
