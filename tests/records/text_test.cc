#include "records/text.hh"

#include <catch2/catch.hpp>
#include <limits>

namespace hanglab::records {
namespace {

std::string seconds(Duration::rep nanoseconds) {
  std::string out;
  append_seconds(out, Duration(nanoseconds));
  return out;
}

std::optional<Duration::rep> nanoseconds(std::string_view text) {
  const auto time = parse_seconds(text);
  return time ? std::optional(time->count()) : std::nullopt;
}

TEST_CASE("A time is written in seconds with nine digits") {
  CHECK(seconds(0) == "0.000000000");
  CHECK(seconds(1) == "0.000000001");
  CHECK(seconds(130'902'843'000) == "130.902843000");
  CHECK(seconds(-1'500'000'000) == "-1.500000000");
  CHECK(seconds(std::numeric_limits<Duration::rep>::max()) == "9223372036.854775807");
  CHECK(seconds(std::numeric_limits<Duration::rep>::min()) == "-9223372036.854775808");
}

TEST_CASE("Every nanosecond count comes back as it was, where a double would not") {
  for (const Duration::rep value :
       {Duration::rep{0}, Duration::rep{9'007'199'254'740'993}, Duration::rep{-1},
        std::numeric_limits<Duration::rep>::max(), std::numeric_limits<Duration::rep>::min()})
    CHECK(nanoseconds(seconds(value)) == value);
}

TEST_CASE("Times that other programs wrote are read as well") {
  CHECK(nanoseconds("3") == 3'000'000'000);
  CHECK(nanoseconds("130.902843") == 130'902'843'000);
  CHECK(nanoseconds("3.1e-4") == 310'000);
  CHECK(nanoseconds("1E2") == 100'000'000'000);
  CHECK(nanoseconds("0.0000000004") == 0);
  CHECK(nanoseconds("0.0000000005") == 1);
}

TEST_CASE("What is no time, or none that fits, is refused") {
  for (const char* text : {"", "-", ".", "1.", ".5", "1,5", "1.5x", "--1", "1.-5", "+1", "1e", "1e300", "nan",
                           "9223372036.854775808", "99999999999999999999", "18446744073.709551616"}) {
    INFO(text);
    CHECK_FALSE(parse_seconds(text));
  }
}

TEST_CASE("An endpoint is an IPv4 address, a colon and a port") {
  CHECK(parse_endpoint("192.168.122.1:53") == Endpoint{.address = Ipv4Address{0xc0a87a01}, .port = 53});
  CHECK(parse_endpoint("[2001:db8::1]:53") == Endpoint{.address = *parse_ipv6("2001:db8::1"), .port = 53});
  CHECK_FALSE(parse_endpoint("2001:db8::1:53"));
  for (const char* text : {"192.168.122.1", "192.168.122.1:", "192.168.122.1:65536", "192.168.122:53", ":53",
                           "192.168.122.1:5 3"}) {
    INFO(text);
    CHECK_FALSE(parse_endpoint(text));
  }
}

}  // namespace
}  // namespace hanglab::records
