// -m hashlimit: a bucket of credits for each address and port, as the kernel was seen to keep it, and as its
// arithmetic goes.
//
//   vm 192.168.122.119:40000 ---- eth0 / virbr0 ---- 192.168.122.1:53 hypervisor
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
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
  Duration at{};
  Bytes packet;
};

Firewall firewall(const std::string& rules, std::uint64_t seed = 1, KernelTicks ticks = {}) {
  return Firewall(Ruleset::parse(rules, {"rules", 1, 1}), Random(seed), ticks);
}

std::string verdicts(Firewall& wall, const std::vector<Sent>& packets) {
  std::string letters;
  for (const auto& [at, packet] : packets) {
    const auto verdict = wall.verdict(Hook::output, {.bytes = packet, .out_interface = "lo"}, TimePoint{at});
    letters += verdict.kind == Verdict::Kind::accept ? 'A' : 'D';
  }
  return letters;
}

std::string verdicts(const std::string& rule, const std::vector<Duration>& times) {
  auto wall = firewall("-A OUTPUT " + rule + " -j DROP");
  std::vector<Sent> packets;
  for (const Duration at : times) packets.push_back({at, udp({})});
  return verdicts(wall, packets);
}

struct Measured {
  std::string rules{};
  std::vector<Sent> packets{};
  std::string letters{};
};

std::vector<Measured> measured_cases() {
  std::ifstream file("tests/captures/hashlimit-6.18.txt");
  std::vector<Measured> cases(1);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    Measured& current = cases.back();
    if (line.empty()) {
      cases.emplace_back();
    } else if (line.starts_with("rule ")) {
      current.rules += line.substr(5) + '\n';
    } else {
      std::istringstream words(line);
      std::int64_t at = 0;
      unsigned source_port = 0, destination_port = 0;
      std::string destination, verdict;
      words >> at >> source_port >> destination >> destination_port >> verdict;
      REQUIRE(words);
      current.packets.push_back(
          {std::chrono::microseconds(at), udp({"127.0.0.1", destination, source_port, destination_port})});
      current.letters += verdict;
    }
  }
  cases.pop_back();
  return cases;
}

}  // namespace

TEST_CASE("hashlimit does with every packet what the kernel did, at whatever phase of the tick") {
  const auto cases = measured_cases();
  REQUIRE(cases.size() == 10);
  for (const auto& [rules, packets, letters] : cases) {
    INFO(rules);
    CHECK(letters.size() >= 6);
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
      auto wall = firewall(rules, seed, {.period = 4ms, .age = 1h + seed * 83us});
      CHECK(verdicts(wall, packets) == letters);
    }
  }
}

TEST_CASE("a credit is earned by the tick: a packet a second is one every 250 ticks, as HZ says") {
  const std::string rule =
      "-m hashlimit --hashlimit-above 1/sec --hashlimit-burst 1 --hashlimit-name a "
      "--hashlimit-htable-expire 9000";
  CHECK(verdicts(rule, {0s, 995999us, 996ms, 1000ms}) == "ADDA");
  // 999 ms into a tick of 1/100 s the packet before still counts as 990 ms old.
  auto slow = firewall("-A OUTPUT " + rule + " -j DROP", 1, {.period = 10ms});
  CHECK(verdicts(slow, {{0s, udp({})}, {999999us, udp({})}, {1s, udp({})}}) == "ADA");
  auto fast = firewall("-A OUTPUT " + rule + " -j DROP", 1, {.period = 1ms});
  CHECK(verdicts(fast, {{0s, udp({})}, {999999us, udp({})}, {1s, udp({})}}) == "ADA");
  // The phase decides which tick a packet falls into: from 3.5 ms on one, 996.5 ms is 249 ticks later.
  auto late = firewall("-A OUTPUT " + rule + " -j DROP", 1, {.period = 4ms, .age = 500us});
  CHECK(verdicts(late, {{3400us, udp({})}, {999400us, udp({})}, {999500us, udp({})}}) == "ADA");
}

TEST_CASE("a rule with --hashlimit-upto holds below the limit, one with --hashlimit-above beyond it") {
  const std::string name = " --hashlimit-burst 2 --hashlimit-name a";
  const std::vector<Duration> three{0s, 1ms, 2ms};
  CHECK(verdicts("-m hashlimit --hashlimit-above 1/s" + name, three) == "AAD");
  CHECK(verdicts("-m hashlimit ! --hashlimit-above 1/s" + name, three) == "DDA");
  CHECK(verdicts("-m hashlimit --hashlimit-upto 1/s" + name, three) == "DDA");
  CHECK(verdicts("-m hashlimit --hashlimit 1/s" + name, three) == "DDA");
  CHECK(verdicts("-m hashlimit ! --hashlimit-upto 1/s" + name, three) == "AAD");
}

TEST_CASE("rates are numbers a second, minute, hour or day, by any beginning of the word") {
  const std::string rest = " --hashlimit-burst 1 --hashlimit-name a";
  const std::vector<Duration> times{0s, 500ms, 21s};
  for (const auto* rate : {"3/m", "3/minute", "3/MIN"})
    CHECK(verdicts(std::string("-m hashlimit --hashlimit-above ") + rate + rest, times) == "ADA");
  for (const auto* rate : {"1/hour", "1/d"})
    CHECK(verdicts(std::string("-m hashlimit --hashlimit-above ") + rate + rest, times) == "ADD");
  for (const auto* rate : {"2", "2/s", "2/sec", "02/second"})
    CHECK(verdicts(std::string("-m hashlimit --hashlimit-above ") + rate + rest, times) == "AAA");
}

TEST_CASE("the mode says what has a bucket of its own; without one all packets share") {
  const std::string limit =
      "-A OUTPUT -m hashlimit --hashlimit-above 1/s --hashlimit-burst 1 --hashlimit-name a ";
  const std::vector<Sent> packets{{0s, udp({})},
                                  {0s, udp({.source_port = 40001})},
                                  {0s, udp({.destination_port = 54})},
                                  {0s, udp({.source = "192.168.122.120"})},
                                  {0s, udp({.destination = "192.168.122.2"})},
                                  {0s, tcp({}, syn)},
                                  {0s, echo({}, 8)}};
  const auto pattern = [&](const std::string& mode) {
    auto wall = firewall(limit + mode + " -j DROP");
    return verdicts(wall, packets);
  };
  CHECK(pattern("") == "ADDDDDD");
  CHECK(pattern("--hashlimit-mode srcport") == "AADDDDA");  // a ping has no port, which is port 0
  CHECK(pattern("--hashlimit-mode dstport") == "ADADDDA");
  CHECK(pattern("--hashlimit-mode srcip") == "ADDADDD");
  CHECK(pattern("--hashlimit-mode dstip") == "ADDDADD");
  CHECK(pattern("--hashlimit-mode 'srcip|dstip'") == "ADDAADD");
  CHECK(pattern("--hashlimit-mode srcip --hashlimit-srcmask 24") == "ADDDDDD");
  // The protocol is not told apart: TCP from the same ports finds the bucket of UDP empty.
  CHECK(pattern("--hashlimit-mode srcip,srcport,dstip,dstport") == "AAAAADA");
}

TEST_CASE("a packet without room for its ports is dropped by a hashlimit that needs them") {
  const auto cut = ip("10.0.0.1", "10.0.0.2", 6, Bytes(3));
  auto ports = firewall(
      "-A OUTPUT -m hashlimit --hashlimit-upto 1/s --hashlimit-name a --hashlimit-mode srcport -j ACCEPT");
  CHECK(verdicts(ports, {{0s, cut}}) == "D");
  auto none = firewall("-A OUTPUT -m hashlimit --hashlimit-upto 1/s --hashlimit-name a -j ACCEPT");
  CHECK(verdicts(none, {{0s, cut}}) == "A");
}

TEST_CASE("the insertion race as a rule: the second packet of a flow that nobody has answered yet") {
  const std::string race =
      "-A OUTPUT -p udp --dport 53 -m conntrack --ctstate NEW -m hashlimit --hashlimit-name race "
      "--hashlimit-mode srcip,srcport,dstip,dstport --hashlimit-above 1/sec --hashlimit-burst 1 ";
  const Flow out{};
  auto wall = firewall(race + "-j DROP");
  CHECK(verdicts(wall, {{0s, udp(out)}, {10us, udp(out)}}) == "AD");  // A leaves, AAAA is lost
  CHECK(verdicts(wall, {{1ms, udp(out.reversed())}, {5s, udp(out)}, {5s, udp(out)}}) == "AAA");  // answered
  // Nobody answers: one packet a second passes, as where the entry of the first is confirmed but unanswered.
  auto silent = firewall(race + "-j DROP");
  CHECK(verdicts(silent, {{0s, udp(out)}, {0s, udp(out)}, {5s, udp(out)}, {5s, udp(out)}}) == "ADAD");
  // A socket each: two flows, no race.
  auto two = firewall(race + "-j DROP");
  CHECK(verdicts(two, {{0s, udp(out)}, {0s, udp({.source_port = 40001})}}) == "AA");
}

TEST_CASE("where chance decides the race, it loses its share of second packets and no first one") {
  auto wall = firewall(
      "-A OUTPUT -p udp --dport 53 -m conntrack --ctstate NEW -m hashlimit --hashlimit-name race "
      "--hashlimit-mode srcport --hashlimit-above 1/sec --hashlimit-burst 1 -m statistic --mode random "
      "--probability 0.5 -j DROP");
  int first = 0, second = 0;
  for (unsigned port = 10000; port < 12000; ++port) {
    const auto letters = verdicts(wall, {{0s, udp({.source_port = port})}, {0s, udp({.source_port = port})}});
    first += letters[0] == 'D';
    second += letters[1] == 'D';
  }
  CHECK(first == 0);
  CHECK(second > 932);  // 1000, give or take three standard deviations of 22.4
  CHECK(second < 1068);
}

TEST_CASE("a table is its first rule's, and is forgotten with the last rule that names it") {
  const std::string one = "-A OUTPUT -m hashlimit --hashlimit-name a --hashlimit-burst 1 --hashlimit-above ";
  const std::vector<Sent> packets{{0s, udp({})}, {1ms, udp({})}, {600ms, udp({})}};
  auto kept =
      firewall("-A INPUT -m hashlimit --hashlimit-name a --hashlimit-burst 1 --hashlimit-above 1/s\n" + one +
               "2/s -j DROP");
  CHECK(verdicts(kept, packets) == "ADD");
  auto flushed = firewall(one + "1/s -j DROP\n-F\n" + one + "2/s -j DROP");
  CHECK(verdicts(flushed, packets) == "ADA");
}
