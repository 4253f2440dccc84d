// What becomes of a lookup whose server misbehaves over TCP, and that a late answer holds up no other.
#include <catch2/catch.hpp>

#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

RunResult run(const std::string& options, const std::string& lookups) {
  const auto scenario = scenario::parse(
      "give_up: 60s\n"
      "hosts:\n"
      "  hypervisor:\n"
      "    interfaces: {virbr0: {address: 192.168.122.1/24}}\n"
      "    dns:\n"
      "      - software: lab 1\n"
      "        options: --local=/mydomain.net/ " +
          options +
          "\n"
          "        addn-hosts: 10.0.9.1 small.mydomain.net\n"
          "  vm:\n"
          "    interfaces: {eth0: {address: 192.168.122.119/24}}\n"
          "    resolv.conf: nameserver 192.168.122.1\n"
          "links: [{from: vm.eth0, to: hypervisor.virbr0, delay: 100us, rate: 10Gbps}]\n"
          "lookups:\n" +
          lookups,
      "faulty.yaml");
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, 0, {});
}

Lookup look_up(const std::string& options, const std::string& client) {
  return run(options, "  - {host: vm, client: " + client + ", name: small.mydomain.net}\n").lookups.at(0);
}

}  // namespace

TEST_CASE("a server that closes or resets TCP fails lookups at once") {
  for (const auto* fault : {"close", "close-after-query", "reset"}) {
    const Lookup lookup = look_up(std::string("--udp=truncate --tcp=") + fault, "go-1.19");
    CHECK(lookup.outcome == Outcome::failed);
    CHECK(lookup.duration < 100ms);
  }
}

TEST_CASE("an answer over TCP that is late is waited for") {
  const Lookup lookup = look_up("--udp=truncate --tcp=late:3s", "go-1.19");
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.duration > 3000ms);
  CHECK(lookup.duration < 3100ms);
}

TEST_CASE("half an answer over TCP is none") {
  const Lookup lookup = look_up("--udp=truncate --tcp=half", "go-1.19");
  CHECK(lookup.outcome != Outcome::answered);
  CHECK(lookup.duration > 5s);
}

TEST_CASE("a late answer holds up no other") {
  const std::string one = "  - {host: vm, client: go-1.19, name: small.mydomain.net}\n";
  for (const auto* fault : {"--udp=late:2s", "--udp=truncate --tcp=late:2s"}) {
    const auto lookups = run(fault, one + one + one).lookups;
    REQUIRE(lookups.size() == 3);
    for (const Lookup& lookup : lookups) {
      CHECK(lookup.outcome == Outcome::answered);
      CHECK(lookup.duration > 2000ms);
      CHECK(lookup.duration < 2100ms);
    }
  }
}
