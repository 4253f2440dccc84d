#include "core/lookup.hh"

#include <catch2/catch.hpp>

using namespace hanglab;

TEST_CASE("outcomes and transports are written and read by the same names") {
  CHECK(to_string(Outcome::answered) == "answered");
  CHECK(to_string(Outcome::failed) == "failed");
  CHECK(to_string(Outcome::hung) == "hung");
  CHECK(to_string(Transport::udp) == "udp");
  CHECK(to_string(Transport::tcp) == "tcp");
  CHECK(parse_outcome("hung") == Outcome::hung);
  CHECK(parse_transport("tcp") == Transport::tcp);
  CHECK_FALSE(parse_outcome("Hung"));
  CHECK_FALSE(parse_outcome(""));
  CHECK_FALSE(parse_transport("sctp"));
}

TEST_CASE("a lookup that nothing has ended is hung") { CHECK(Lookup{}.outcome == Outcome::hung); }
