// What `--ctstate` sees of a flow: a letter a packet, N(EW), E(STABLISHED), R(ELATED), I(NVALID).
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "models/netfilter/iptables.hh"
#include "tests/models/netfilter/packets.hh"

using namespace hanglab;
using namespace hanglab::kernel;
using namespace std::chrono_literals;

namespace {

struct Sent {
  Duration at;
  Bytes packet;
};

// Three firewalls see the same packets and each drops one state, which shows it; what none drops is NEW. A
// flow is kept from its first packet on, which is NEW and so never dropped here.
class Watch {
 public:
  Watch() {
    for (const auto* state : {"ESTABLISHED", "RELATED", "INVALID"}) {
      walls_.emplace_back(
          Ruleset::parse(std::string("-A OUTPUT -m conntrack --ctstate ") + state + " -j DROP",
                         {"rules", 1, 1}),
          Random(1));
    }
  }

  std::string see(const std::vector<Sent>& packets) {
    std::string letters;
    for (const auto& [at, packet] : packets) {
      char letter = 'N';
      for (std::size_t n = 0; n < walls_.size(); ++n) {
        const auto verdict = walls_[n].verdict(Hook::output, {.bytes = packet}, TimePoint{at});
        if (verdict.kind == Verdict::Kind::drop) letter = "ERI"[n];
      }
      letters += letter;
    }
    return letters;
  }

 private:
  std::vector<Firewall> walls_;
};

const Flow out{};
const Flow back = out.reversed();

}  // namespace

TEST_CASE("a UDP flow is NEW until it is answered, and forgotten 30 s after") {
  CHECK(Watch().see({{0s, udp(out)}, {5s, udp(out)}, {6s, udp(back)}, {6s, udp(out)}}) == "NNEE");
  CHECK(Watch().see({{0s, udp(out)}, {29999ms, udp(back)}}) == "NE");
  CHECK(Watch().see({{0s, udp(out)}, {30s, udp(back)}}) == "NN");
  // Answered within 2 s the flow has 30 s still, from the answer on.
  CHECK(Watch().see({{0s, udp(out)}, {1s, udp(back)}, {30999ms, udp(back)}}) == "NEE");
  CHECK(Watch().see({{0s, udp(out)}, {1s, udp(back)}, {31s, udp(out)}}) == "NEN");
  // Still talking after 2 s it is a stream: 120 s.
  CHECK(Watch().see({{0s, udp(out)}, {1s, udp(back)}, {3s, udp(out)}, {122999ms, udp(back)}}) == "NEEE");
  CHECK(Watch().see({{0s, udp(out)}, {1s, udp(back)}, {3s, udp(out)}, {123s, udp(out)}}) == "NEEN");
}

TEST_CASE("a TCP connection is NEW with its SYNs and ESTABLISHED from the SYN ACK on") {
  CHECK(Watch().see({{0s, tcp(out, syn)},
                     {1s, tcp(out, syn)},
                     {1s, tcp(back, syn | ack)},
                     {1s, tcp(out, ack)},
                     {1s, tcp(out, psh | ack, 35)},
                     {5 * 24h, tcp(back, ack)}}) == "NNEEEE");
  CHECK(Watch().see({{0s, tcp(out, syn)}, {119s, tcp(back, syn | ack)}}) == "NE");
  CHECK(Watch().see({{0s, tcp(out, syn)}, {120s, tcp(back, syn | ack)}}) == "NI");
}

TEST_CASE("what cannot begin a TCP connection is INVALID, but an ACK can") {
  CHECK(Watch().see({{0s, tcp(out, syn | ack)}}) == "I");
  CHECK(Watch().see({{0s, tcp(out, rst)}}) == "I");
  CHECK(Watch().see({{0s, tcp(out, fin | ack)}}) == "I");
  CHECK(Watch().see({{0s, tcp(out, 0)}}) == "I");
  CHECK(Watch().see({{0s, tcp(out, ack)}, {1s, tcp(back, ack)}}) == "NE");
  CHECK(Watch().see({{0s, tcp(out, ack)}, {299s, tcp(back, ack)}}) == "NE");
  CHECK(Watch().see({{0s, tcp(out, ack)}, {300s, tcp(back, fin | ack)}}) == "NI");
}

TEST_CASE("a SYN within a connection is let through from the client and INVALID from the server") {
  CHECK(Watch().see(
            {{0s, tcp(out, syn)}, {0s, tcp(back, syn | ack)}, {1s, tcp(out, syn)}, {1s, tcp(back, syn)}}) ==
        "NEEI");
}

TEST_CASE("a refused connect leaves nothing behind; a closed port can be used again") {
  CHECK(Watch().see(
            {{0s, tcp(out, syn)}, {0s, tcp(back, rst | ack)}, {0s, tcp(back, rst)}, {1s, tcp(out, syn)}}) ==
        "NEIN");
  CHECK(Watch().see({{0s, tcp(out, syn)},
                     {0s, tcp(back, syn | ack)},
                     {0s, tcp(out, ack)},
                     {1s, tcp(out, fin | ack)},
                     {1s, tcp(back, fin | ack)},
                     {1s, tcp(out, ack)},
                     {2s, tcp(out, syn)}}) == "NEEEEEN");
}

TEST_CASE("an ICMP error is RELATED to the flow it quotes, and INVALID without one") {
  const auto query = udp(out);
  CHECK(Watch().see({{0s, query}, {0s, unreachable(back, 3, query)}}) == "NR");
  CHECK(Watch().see({{0s, unreachable(back, 3, query)}}) == "I");
  CHECK(Watch().see({{0s, query}, {30s, unreachable(back, 3, query)}}) == "NI");
}

TEST_CASE("an echo reply belongs to its request by the identifier") {
  CHECK(Watch().see({{0s, echo(out, 8, 7)}, {0s, echo(back, 0, 7)}, {0s, echo(out, 8, 7)}}) == "NEE");
  CHECK(Watch().see({{0s, echo(out, 8, 7)}, {0s, echo(back, 0, 8)}}) == "NI");
}

TEST_CASE("fragments are to be reassembled before: a later one alone is invalid") {
  CHECK(Watch().see({{0s, udp(back, 600, 176)}}) == "I");
  const auto tracks = [](const std::string& rules) {
    return Firewall(Ruleset::parse(rules, {"rules", 1, 1}), Random(1)).tracks_connections();
  };
  CHECK_FALSE(tracks("-A FORWARD -f -j DROP"));
  CHECK(tracks("-A FORWARD -f -j DROP\n-A INPUT -m state --state INVALID -j DROP"));
}

TEST_CASE("a flow whose first packet is dropped is not remembered") {
  Firewall wall(Ruleset::parse("-A OUTPUT -p udp -j DROP\n-A INPUT -m state --state ESTABLISHED -j ACCEPT\n"
                               "-P INPUT DROP",
                               {"rules", 1, 1}),
                Random(1));
  wall.verdict(Hook::output, {.bytes = udp(out)}, TimePoint{});
  CHECK((wall.verdict(Hook::input, {.bytes = udp(back)}, TimePoint{}).kind == Verdict::Kind::drop));
}

TEST_CASE("the usual stateful firewall lets answers in and nothing else") {
  Firewall wall(Ruleset::parse("-P INPUT DROP\n-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
                               {"rules", 1, 1}),
                Random(1));
  const auto input = [&](const Bytes& packet) {
    return wall.verdict(Hook::input, {.bytes = packet}, TimePoint{}).kind;
  };
  CHECK((input(udp(back)) == Verdict::Kind::drop));
  CHECK((wall.verdict(Hook::output, {.bytes = udp(out)}, TimePoint{}).kind == Verdict::Kind::accept));
  CHECK((input(udp(back)) == Verdict::Kind::accept));
  CHECK((input(udp({.source = "192.168.122.2",
                    .destination = out.source,
                    .source_port = 53,
                    .destination_port = 40000})) == Verdict::Kind::drop));
}

TEST_CASE("the answer to a rejected packet is RELATED to it") {
  Firewall wall(
      Ruleset::parse("-A INPUT -p tcp --dport 53 -j REJECT --reject-with tcp-reset\n-P OUTPUT DROP\n"
                     "-A OUTPUT -m state --state RELATED -j ACCEPT",
                     {"rules", 1, 1}),
      Random(1));
  const auto reset = tcp(back, rst | ack);
  CHECK((wall.verdict(Hook::output, {.bytes = reset}, TimePoint{}).kind == Verdict::Kind::drop));
  CHECK((wall.verdict(Hook::input, {.bytes = tcp(out, syn)}, TimePoint{}).kind == Verdict::Kind::reject));
  CHECK((wall.verdict(Hook::output, {.bytes = reset}, TimePoint{}).kind == Verdict::Kind::accept));
}
