#include "analysis/explain.hh"

#include <catch2/catch.hpp>

#include "analysis/attempt_words.hh"
#include "tests/analysis/examples.hh"

namespace hanglab::analysis {
namespace {

using namespace std::chrono_literals;

constexpr auto answered = Outcome::answered;
constexpr auto failed = Outcome::failed;
constexpr auto hung = Outcome::hung;

std::string why(Outcome outcome, Duration duration, std::vector<Attempt> attempts) {
  return explain(lookup(outcome, duration, std::move(attempts)));
}

TEST_CASE("The incident is told in one line") {
  CHECK(explain(incident()) ==
        "UDP answer truncated (497 of 4113 bytes), TCP connect timed out after 7 SYNs, 130.4 s");
}

TEST_CASE("UDP alone") {
  CHECK(why(answered, 3200us, {udp("answered", 0s, 3200us, 77)}) == "UDP answered 77 bytes, 3.2 ms");
  CHECK(why(failed, 310us, {udp("NXDOMAIN", 0s, 310us, 33)}) == "UDP answer NXDOMAIN, 310 µs");
  CHECK(why(failed, 1ms, {udp("SERVFAIL", 0s, 310us, 33), udp("SERVFAIL", 310us, 1ms, 33)}) ==
        "UDP answer SERVFAIL 2 times, 1.0 ms");
  CHECK(why(failed, 10017ms, {udp("timeout", 0s, 5005ms), udp("timeout", 5005ms, 10010ms)}) ==
        "no UDP answer in 2 tries of 5.0 s each, 10.0 s");
  CHECK(why(failed, 35s, {udp("timeout", 0s, 5s), udp("timeout", 5s, 15s), udp("timeout", 15s, 35s)}) ==
        "no UDP answer in 3 tries of 5.0 s, 10.0 s and 20.0 s, 35.0 s");
  CHECK(why(answered, 5003ms, {udp("timeout", 0s, 5s), udp("answered", 5s, 5003ms, 77)}) ==
        "no UDP answer in 5.0 s, UDP answered 77 bytes, 5.0 s");
  CHECK(why(failed, 10ms, {udp("send EPERM", 0s, 5ms), udp("send EPERM", 5ms, 10ms)}) ==
        "UDP send refused by the host's own firewall (EPERM) 2 times, 10.0 ms");
  CHECK(why(failed, 1ms, {udp("recv ECONNREFUSED", 0s, 1ms)}) == "UDP recv refused (ECONNREFUSED), 1.0 ms");
  CHECK(why(failed, 1ms, {udp("ICMP error", 0s, 1ms)}) == "UDP query refused by an ICMP error, 1.0 ms");
  CHECK(why(hung, 600s, {udp("no answer", 0s, 600s)}) == "no UDP answer yet, still hung after 600 s");
}

TEST_CASE("Truncated, then TCP") {
  const auto after = [](Attempt attempt, Outcome outcome) {
    const auto end = attempt.end;
    return why(outcome, end, {truncated(0s, 310us), std::move(attempt)}).substr(42);
  };
  const std::vector<Duration> one = {310us};
  CHECK(after(tcp("answered", 3200us, one, 4113), answered) == "TCP answered 4113 bytes, 3.2 ms");
  CHECK(after(tcp("connect ECONNREFUSED", 20ms, one), failed) ==
        "TCP connect refused (ECONNREFUSED), 20.0 ms");
  CHECK(after(tcp("connect ECONNREFUSED", 1025ms, {310us, 1024ms}), failed) ==
        "TCP connect refused after 2 SYNs (ECONNREFUSED), 1.0 s");
  CHECK(after(tcp("connect EHOSTUNREACH", 3s, one), failed) ==
        "TCP connect host unreachable (EHOSTUNREACH), 3.0 s");
  CHECK(after(tcp("timeout", 5s, {310us, 1024ms, 3040ms}), failed) ==
        "TCP connect given up after 3 SYNs in 5.0 s, 5.0 s");
  CHECK(after(tcp("timeout", 5s, one), failed) == "TCP connected, then no data in 5.0 s, 5.0 s");
  CHECK(after(tcp("read ETIMEDOUT", 924s, one), failed) == "TCP read timed out (ETIMEDOUT), 924.0 s");
  CHECK(after(tcp("EOF", 4ms, one), failed) == "TCP closed by the server without an answer (EOF), 4.0 ms");
  CHECK(after(tcp("no answer", 600s, one), hung) ==
        "TCP connected, then no data: no timeout applies, still hung after 600 s");
  CHECK(after(tcp("no answer", 10s, {310us, 1024ms, 3040ms, 7104ms}), hung) ==
        "TCP connect still unanswered after 4 SYNs, still hung after 10 s");
}

TEST_CASE("A truncated answer that the client was content with is told as such") {
  auto musl = lookup(answered, 3200us, {truncated(0s, 3200us)});
  musl.addresses = 29;
  CHECK(explain(musl) ==
        "UDP answer truncated (497 of 4113 bytes) and used as it was (29 addresses), 3.2 ms");
  musl.attempts[0].full_bytes.reset();
  CHECK(explain(musl) == "UDP answer truncated (497 bytes) and used as it was (29 addresses), 3.2 ms");
  // It asked another server at the same time.
  auto silent = musl.attempts[0];
  silent.server = {Ipv4Address{0xc0a87a02}, 53};
  silent.result = "no answer";
  musl.attempts.push_back(silent);
  CHECK(explain(musl) ==
        "192.168.122.1: UDP answer truncated (497 bytes) and used as it was (29 addresses); "
        "192.168.122.2: no UDP answer, 3.2 ms");
}

TEST_CASE("Rounds of attempts are counted") {
  std::vector<Attempt> attempts;
  for (int round = 0; round < 6; ++round) {
    const Duration from = round * 600us;
    attempts.push_back(truncated(from, from + 310us));
    attempts.push_back(tcp("answered", from + 600us, {from + 310us}, 4113));
  }
  CHECK(why(answered, 3600us, attempts) ==
        "UDP answer truncated (497 of 4113 bytes), TCP answered 4113 bytes, 6 times over, 3.6 ms");
  attempts.pop_back();
  attempts.push_back(tcp("connect ECONNREFUSED", 4ms, {3310us}));
  CHECK(why(failed, 4ms, attempts) ==
        "UDP answer truncated (497 of 4113 bytes), TCP answered 4113 bytes, 5 times over, "
        "UDP answer truncated (497 of 4113 bytes), TCP connect refused (ECONNREFUSED), 4.0 ms");
}

TEST_CASE("Where there are two servers they are named, and silence is told server by server") {
  CHECK(why(failed, 20s,
            {udp("timeout", 0s, 5s), udp("timeout", 5s, 10s, 0, second), udp("timeout", 10s, 15s),
             udp("timeout", 15s, 20s, 0, second)}) ==
        "192.168.122.1: no UDP answer in 2 tries of 5.0 s each; "
        "192.168.122.2: no UDP answer in 2 tries of 5.0 s each, 20.0 s");
  CHECK(why(answered, 5003ms, {udp("timeout", 0s, 5s), udp("answered", 5s, 5003ms, 77, second)}) ==
        "192.168.122.1: no UDP answer in 5.0 s; 192.168.122.2: UDP answered 77 bytes, 5.0 s");
}

TEST_CASE("A lookup that asked nobody says so") {
  CHECK(why(answered, 120us, {}) == "no server was asked, 120 µs");
  CHECK(why(hung, 600s, {}) == "no server was asked, still hung after 600 s");
}

TEST_CASE("Whether TCP connected is told from the SYN that was due and did not leave") {
  CHECK_FALSE(connected(tcp("timeout", 1100ms, {0s})));
  CHECK(connected(tcp("timeout", 1200ms, {0s})));
  // After SYNs at 0 and 1.024 s the next is due 2 s later, 2.25 s with the timer wheel's rounding.
  CHECK_FALSE(connected(tcp("no answer", 3200ms, {0s, 1024ms})));
  CHECK(connected(tcp("no answer", 3400ms, {0s, 1024ms})));
  CHECK_FALSE(connected(tcp("connect ETIMEDOUT", 600s, {0s})));
  CHECK(connected(tcp("read ETIMEDOUT", 1ms, {0s})));
  CHECK_FALSE(connected(udp("timeout", 0s, 600s)));
}

}  // namespace
}  // namespace hanglab::analysis
