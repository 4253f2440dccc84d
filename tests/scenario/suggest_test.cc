#include "scenario/suggest.hh"

#include <catch2/catch.hpp>

using namespace hanglab::scenario;

TEST_CASE("one slip of the pen is one step away") {
  const std::vector<std::string> known{"delay", "rate", "loss"};
  CHECK(nearest("dleay", known) == "delay");  // swapped
  CHECK(nearest("dely", known) == "delay");   // left out
  CHECK(nearest("rates", known) == "rate");   // one too many
  CHECK(nearest("lass", known) == "loss");    // another letter
}

TEST_CASE("a word that shares too little with any known one gets the list instead") {
  CHECK_FALSE(nearest("colour", {"delay", "rate", "loss"}));
  CHECK_FALSE(nearest("ab", {"cd"}));
  CHECK(suggestion("colour", {"delay", "rate"}) == "; known: delay, rate");
  CHECK(suggestion("colour", {}).empty());
}

TEST_CASE("the nearest of several wins, the last of equals, wrong case counting half") {
  CHECK(nearest("tcp_retries", {"tcp_retries2", "tcp_retries1"}) == "tcp_retries1");
  CHECK(nearest("gbps", {"Gbps", "bps", "kbps"}) == "Gbps");
  CHECK(nearest("tcp_retries1", {"tcp_retries2", "tcp_retries1"}) == "tcp_retries1");
}
