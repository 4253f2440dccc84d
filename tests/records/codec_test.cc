#include "records/codec.hh"

#include <catch2/catch.hpp>
#include <limits>

#include "core/error.hh"
#include "tests/records/examples.hh"

namespace hanglab::records {
namespace {

std::vector<Lookup> lookups() { return {incident(), still_hanging(), Lookup{}}; }

std::vector<PacketEvent> packets() {
  return {{.at = Duration(310'000), .host = 1, .direction = Direction::out, .bytes = {0x45, 0, 0, 20}},
          {.at = Duration(std::numeric_limits<Duration::rep>::min()), .interface = 7},
          {.bytes = std::vector<std::uint8_t>(70'000, 0xff)}};
}

TEST_CASE("Lookups cross a pipe as they were") {
  CHECK(decode_lookups(encode(lookups())) == lookups());
  CHECK(decode_lookups(encode(std::vector<Lookup>{})).empty());
}

TEST_CASE("Packets cross a pipe as they were") {
  CHECK(decode_packets(encode(packets())) == packets());
  CHECK(decode_packets(encode(std::vector<PacketEvent>{})).empty());
}

TEST_CASE("A message cut short anywhere is refused, and so are bytes after its end") {
  const auto whole = encode(lookups());
  for (std::size_t length = 0; length < whole.size(); ++length)
    REQUIRE_THROWS_AS(decode_lookups(whole.substr(0, length)), Error);
  CHECK_THROWS_WITH(decode_lookups(whole + "x"), Catch::Contains("bytes after its end"));
}

TEST_CASE("A message of the other kind is refused") {
  CHECK_THROWS_WITH(decode_packets(encode(lookups())), Catch::Contains("another kind of record"));
  CHECK_THROWS_AS(decode_lookups(encode(packets())), Error);
}

TEST_CASE("No single wrong byte makes the decoder read astray, allocate the world or invent an enumerator") {
  const auto whole = encode(lookups());
  std::size_t refused = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] = static_cast<char>(0xee);
    try {
      for (const auto& lookup : decode_lookups(damaged)) {
        REQUIRE(lookup.outcome <= Outcome::hung);
        for (const auto& attempt : lookup.attempts) REQUIRE(attempt.transport <= Transport::tcp);
      }
    } catch (const Error&) {
      ++refused;
    }
  }
  // Lengths, flags and enumerators; a byte inside a number or a text cannot be told from a good one.
  CHECK(refused > 100);
}

}  // namespace
}  // namespace hanglab::records
