// Attempts as packets tell them.
#include "replay/wire_attempts.hh"

#include <catch2/catch.hpp>

#include "tests/replay/packets.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

LookupWindow window(Duration length, int syns_at_most = 0) {
  return {.name = "a.example", .began = epoch, .ended = epoch + length, .syns_at_most = syns_at_most};
}

std::vector<Attempt> attempts(const Talk& talk, const LookupWindow& of, const Talk& unsent = {}) {
  return attempts_on_the_wire(talk.packets, unsent.packets, of);
}

}  // namespace

TEST_CASE("a truncated answer, then an answer over TCP") {
  Talk talk;
  talk.query(0, 45000, 1).query(1, 45000, 2, dns::type_aaaa).truncated(20, 45000, 1);
  talk.syn(40, 40000).syn_ack(41, 40000).tcp_query(43, 40000, 1).tcp_answer(60, 40000, 1, 256);
  const auto found = attempts(talk, window(80ms));
  REQUIRE(found.size() == 2);
  CHECK(found[0].transport == Transport::udp);
  CHECK(found[0].result == "truncated");
  CHECK(found[0].end == 20ms);
  CHECK(found[0].sends == std::vector<Duration>{0ms, 1ms});
  CHECK(found[1].transport == Transport::tcp);
  CHECK(found[1].result == "answered");
  CHECK(found[1].syns == 1);
  CHECK((found[1].start == 40ms && found[1].end == 60ms));
}

TEST_CASE("the second question of a pair that leaves after the first one's answer is no attempt of its own") {
  Talk talk;
  talk.query(0, 45000, 1).truncated(1, 45000, 1).query(2, 45000, 2, dns::type_aaaa);
  talk.answer(3, 45000, 2, 0, dns::type_aaaa);
  const auto found = attempts(talk, window(80ms));
  REQUIRE(found.size() == 1);
  CHECK(found[0].result == "truncated");
}

TEST_CASE("a question that is repeated has timed out before, and the last one is waited for to the end") {
  Talk talk;
  talk.query(0, 45000, 1).query(5'000, 45000, 1);
  const auto found = attempts(talk, window(10s));
  REQUIRE(found.size() == 2);
  CHECK((found[0].result == "timeout" && found[0].end == 5s));
  CHECK((found[1].result == "no answer" && found[1].start == 5s && found[1].end == 10s));
}

TEST_CASE("SYNs that the host's own rules drop are told by what it tried to send") {
  Talk talk;
  talk.query(0, 45000, 1).truncated(1, 45000, 1);
  Talk unsent;
  unsent.syn(2, 40000).syn(1'002, 40000).syn(3'002, 40000);
  const auto found = attempts(talk, window(7s, 3), unsent);
  REQUIRE(found.size() == 2);
  CHECK(found[1].syns == 3);
  CHECK(found[1].result == "connect ETIMEDOUT");
  CHECK(attempts(talk, window(7s, 7), unsent)[1].result == "no answer");
}

TEST_CASE("a datagram that the host's own rules drop fails at once") {
  Talk unsent;
  unsent.query(0, 45000, 1);
  const auto found = attempts({}, window(1ms), unsent);
  REQUIRE(found.size() == 1);
  CHECK(found[0].result == "send EPERM");
  CHECK(found[0].sends.empty());
}

TEST_CASE("refusals: by RST, by ICMP, and after the handshake") {
  Talk refused;
  refused.syn(0, 40000).tcp(1, 40000, false, tcp_rst | tcp_ack, 0);
  CHECK(attempts(refused, window(10ms)).at(0).result == "connect ECONNREFUSED");
  Talk icmp;
  icmp.syn(0, 40000).icmp(1, 40000, false, Transport::tcp);
  CHECK(attempts(icmp, window(10ms)).at(0).result == "connect ECONNREFUSED");
  Talk reset;
  reset.syn(0, 40000).syn_ack(1, 40000).tcp(2, 40000, false, tcp_rst, 5001);
  CHECK(attempts(reset, window(10ms)).at(0).result == "read ECONNRESET");
  Talk datagram;
  datagram.query(0, 45000, 1).icmp(1, 45000, false, Transport::udp);
  CHECK(attempts(datagram, window(10ms)).at(0).result == "ICMP error");
}

TEST_CASE("another name, and what passes before or after, are somebody else's") {
  Talk talk;
  talk.query(0, 45000, 1, dns::type_a, "b.example").answer(1, 45000, 1, 1, dns::type_a, 0x8180, "b.example");
  CHECK(attempts(talk, window(10ms)).empty());
  Talk early;
  early.query(0, 45000, 1).answer(1, 45000, 1, 1);
  auto later = window(10ms);
  later.began += 5ms;
  CHECK(attempts(early, later).empty());
}
