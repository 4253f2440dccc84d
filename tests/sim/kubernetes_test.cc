// What the conntrack race of topologies/kubernetes-race.yaml costs each client, and what each remedy changes.
// The figures in comments were measured on real programs, in the same scenario run by `hanglab live`.
//
//   pod 10.244.1.5 ---- node, FORWARD loses the second query ---- 1 ms ---- 10.96.0.10 cluster-dns,
//   dnsmasq 2.90
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "scenario/scenario.hh"
#include "sim/world.hh"

using namespace hanglab;
using namespace std::chrono_literals;

namespace {

const std::string four_dots = "backend.default.svc.cluster.local";  // with ndots:5, tried last of four

struct Asked {
  std::string client;
  std::string name = "backend";
  std::string options{};  // beside ndots:5
  std::vector<std::string> changes{};
};

std::vector<std::string> changes_for(const Asked& asked, const std::string& server) {
  std::vector<std::string> changes{"lookups.0.client=" + asked.client, "lookups.0.name=" + asked.name,
                                   "hosts.pod.resolv.conf=\"search default.svc.cluster.local "
                                   "svc.cluster.local cluster.local\\nnameserver " +
                                       server + "\\noptions ndots:5 " + asked.options + '"'};
  changes.insert(changes.end(), asked.changes.begin(), asked.changes.end());
  return changes;
}

class Cluster {
 public:
  explicit Cluster(const Asked& asked, const std::string& file = "kubernetes-race",
                   const std::string& server = "10.96.0.10")
      : scenario_(scenario::load("topologies/" + file + ".yaml", changes_for(asked, server))),
        world_(scenario_, warnings_) {}

  RunResult run(std::uint64_t number = 0) { return world_.run(1, number, {.packets = true}); }

 private:
  scenario::Scenario scenario_;
  std::vector<std::string> warnings_{};
  sim::World world_;
};

Lookup look_up(const Asked& asked) {
  Cluster cluster(asked);
  auto lookup = cluster.run().lookups.at(0);
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 1);
  return lookup;
}

bool is_about(Duration duration, Duration expected) {
  return duration >= expected && duration < expected + 40ms;
}

// The shipped rule, which decides by chance as often as told.
std::string race(const std::string& probability) {
  return "hosts.node.iptables=-A FORWARD -p udp --dport 53 -m conntrack --ctstate NEW -m hashlimit "
         "--hashlimit-name race --hashlimit-mode srcip,srcport,dstip,dstport --hashlimit-above 1/sec "
         "--hashlimit-burst 1 -m statistic --mode random --probability " +
         probability + " -j DROP";
}

}  // namespace

TEST_CASE("the race costs glibc its timeout once: 5 s, then A and AAAA go one after the other", "[sim]") {
  const Lookup one = look_up({.client = "glibc-2.36"});
  CHECK(is_about(one.duration, 5s));  // 5.011 s
  // Both at once, then A again on the same socket, and AAAA when that is answered.
  std::size_t queries = 0;
  for (const Attempt& attempt : one.attempts) queries += attempt.sends.size();
  CHECK(queries == 4);
  // Four candidates of the search list, and still one hang: the resolver has learned.
  CHECK(is_about(look_up({.client = "glibc-2.36", .name = four_dots}).duration, 5s));          // 5.030 s
  CHECK(is_about(look_up({.client = "glibc-2.36", .name = "www.example.com"}).duration, 5s));  // 5.030 s
}

TEST_CASE("the race costs musl 2.5 s for each candidate of the search list", "[sim]") {
  CHECK(is_about(look_up({.client = "musl-1.2.3"}).duration, 2500ms));                           // 2.507 s
  CHECK(is_about(look_up({.client = "musl-1.2.3", .name = four_dots}).duration, 10s));           // 10.025 s
  CHECK(is_about(look_up({.client = "musl-1.2.3", .name = four_dots + '.'}).duration, 2500ms));  // 2.507 s
  CHECK(is_about(look_up({.client = "musl-1.2.5", .name = "www.example.com"}).duration, 10s));
}

TEST_CASE("the race costs c-ares 1.18 5 s once: it keeps its socket, which is ESTABLISHED from then on",
          "[sim]") {
  CHECK(is_about(look_up({.client = "cares-1.18"}).duration, 5s));                     // 5.011 s
  CHECK(is_about(look_up({.client = "cares-1.18", .name = four_dots}).duration, 5s));  // 5.021 s
}

TEST_CASE("who asks from a socket each, or one question, runs no race", "[sim]") {
  for (const auto* client : {"go-1.19", "go-1.26", "node-20-cares-1.34", "dig-9.18"}) {
    INFO(client);
    CHECK(look_up({.client = client, .name = four_dots}).duration < 60ms);
  }
  for (const auto* client : {"glibc-2.36", "musl-1.2.3", "cares-1.18"}) {
    INFO(client);
    CHECK(look_up({.client = client, .changes = {"lookups.0.family=inet"}}).duration < 10ms);
  }
}

TEST_CASE("single-request, single-request-reopen and use-vc help glibc, and no one else", "[sim]") {
  for (const auto* option : {"single-request", "single-request-reopen", "use-vc"}) {
    INFO(option);
    CHECK(look_up({.client = "glibc-2.36", .name = four_dots, .options = option}).duration < 40ms);
    CHECK(is_about(look_up({.client = "musl-1.2.3", .name = four_dots, .options = option}).duration, 10s));
    CHECK(is_about(look_up({.client = "cares-1.18", .name = four_dots, .options = option}).duration, 5s));
  }
}

TEST_CASE("timeout:1 makes the hang as much shorter, but for c-ares 1.18, which does not read it", "[sim]") {
  CHECK(is_about(look_up({.client = "glibc-2.36", .name = four_dots, .options = "timeout:1"}).duration, 1s));
  CHECK(is_about(look_up({.client = "musl-1.2.3", .name = four_dots, .options = "timeout:1"}).duration, 2s));
  // A third of the timeout is waited for, four times.
  CHECK(is_about(
      look_up({.client = "musl-1.2.3", .name = four_dots, .options = "timeout:1 attempts:3"}).duration,
      1333ms));
  CHECK(is_about(look_up({.client = "cares-1.18", .name = four_dots, .options = "timeout:1"}).duration, 5s));
}

TEST_CASE("attempts:1 turns musl's hang into a failure", "[sim]") {
  Cluster cluster({.client = "musl-1.2.3", .options = "attempts:1"});
  const Lookup lookup = cluster.run().lookups.at(0);
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(is_about(lookup.duration, 5s));  // 5.005 s
}

TEST_CASE("a node-local cache is asked through INPUT, where no race is run", "[sim]") {
  for (const auto* client :
       {"glibc-2.36", "musl-1.2.3", "go-1.19", "cares-1.18", "node-20-cares-1.34", "dig-9.18"}) {
    INFO(client);
    Cluster cluster({.client = client, .name = four_dots}, "kubernetes-node-local", "169.254.20.10");
    const Lookup lookup = cluster.run().lookups.at(0);
    CHECK(lookup.outcome == Outcome::answered);
    CHECK(lookup.duration < (std::string(client) == "dig-9.18" ? 60ms : 5ms));
  }
}

TEST_CASE("where half the races are lost, how often musl waits is binomial and glibc waits once or not",
          "[sim]") {
  const auto waits = [](const std::string& client, Duration each) {
    Cluster cluster({.client = client, .name = four_dots, .options = "timeout:1", .changes = {race("0.5")}});
    std::vector<int> times(5);
    for (std::uint64_t run = 0; run < 1600; ++run)
      ++times.at(static_cast<std::size_t>(cluster.run(run).lookups.at(0).duration / each));
    return times;
  };
  const auto within = [](int seen, int expected, int deviation) {
    return std::abs(seen - expected) <= 3 * deviation;
  };
  const auto musl = waits("musl-1.2.3", 500ms);  // 1, 4, 6, 4, 1 of 16
  CHECK(within(musl[0], 100, 10));
  CHECK(within(musl[1], 400, 18));
  CHECK(within(musl[2], 600, 20));
  CHECK(within(musl[3], 400, 18));
  CHECK(within(musl[4], 100, 10));
  const auto glibc = waits("glibc-2.36", 1s);
  CHECK(within(glibc[0], 100, 10));
  CHECK(glibc[0] + glibc[1] == 1600);
}

TEST_CASE("while nobody answers, the rule lets one query of a flow pass a second", "[sim]") {
  Cluster cluster({.client = "glibc-2.36",
                   .options = "timeout:2",
                   .changes = {"hosts.cluster-dns.iptables=-A INPUT -p udp --dport 53 -j DROP"}});
  const auto result = cluster.run();
  CHECK(result.lookups.at(0).error == "EAI_AGAIN");
  // Two rounds of two queries for the first candidate, and as many for the name as it stands: of each round
  // the node lets the first through.
  std::vector<Duration> forwarded;
  for (const PacketEvent& packet : result.packets)
    if (packet.host == 2) forwarded.push_back(packet.at);
  REQUIRE(forwarded.size() == 4);
  for (std::size_t n = 1; n < 4; ++n) CHECK(is_about(forwarded[n] - forwarded[n - 1], 2s));
}
