// A router between the client and its server, and what its FORWARD chain does:
//
//   vm 10.1.0.2 eth0 ---- lan0 10.1.0.1 router 10.2.0.1 lan1 ---- eth0 10.2.0.2 server, dnsmasq 2.90
#include <catch2/catch.hpp>

#include "scenario/scenario.hh"
#include "sim/world.hh"

using namespace hanglab;
using namespace std::chrono_literals;

namespace {

Lookup look_up(const std::string& rules, const std::string& server_listen = "10.2.0.2") {
  std::string hosts;
  for (int i = 1; i < 61; ++i) hosts += "          10.0.8." + std::to_string(i) + " mid.mydomain.net\n";
  const auto scenario = scenario::parse(
      "name: routed\ngive_up: 60s\n"
      "hosts:\n"
      "  router:\n"
      "    interfaces:\n"
      "      lan0: {address: 10.1.0.1/24}\n"
      "      lan1: {address: 10.2.0.1/24}\n"
      "    sysctls: {net.ipv4.ip_forward: 1}\n" +
          (rules.empty() ? "" : "    iptables: \"" + rules + "\"\n") +
          "  server:\n"
          "    interfaces:\n"
          "      eth0: {addresses: [10.2.0.2/24, 10.2.0.3/24]}\n"
          "    routes: [default via 10.2.0.1]\n"
          "    dns:\n"
          "      - software: dnsmasq 2.90\n"
          "        listen: " +
          server_listen +
          "\n"
          "        options: --no-resolv --no-hosts --local=/mydomain.net/\n"
          "        addn-hosts: |\n" +
          hosts +
          "  vm:\n"
          "    interfaces:\n"
          "      eth0: {address: 10.1.0.2/24}\n"
          "    routes: [default via 10.1.0.1]\n"
          "    sysctls: {net.ipv4.tcp_syn_retries: 1}\n"
          "    resolv.conf: \"nameserver 10.2.0.2\"\n"
          "    nsswitch.conf: \"hosts: files dns\"\n"
          "links:\n"
          "  - {from: vm.eth0, to: router.lan0, delay: 1ms, rate: 1Gbps}\n"
          "  - {from: server.eth0, to: router.lan1, delay: 1ms, rate: 1Gbps}\n"
          "lookups:\n  - {host: vm, client: glibc-2.36, name: mid.mydomain.net}\n",
      "routed.yaml");
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, 0).lookups.at(0);
}

}  // namespace

TEST_CASE("A router forwards: two links of 1 ms each way are 4 ms a round trip", "[sim]") {
  const Lookup lookup = look_up("");
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 60);
  // 60 addresses take three rounds: 4 ms of UDP, then a handshake and an exchange over TCP.
  REQUIRE(lookup.attempts.size() == 6);
  const Attempt& udp = lookup.attempts[0];
  CHECK(udp.end - udp.start > 4ms);
  CHECK(udp.end - udp.start < 5ms);
}

TEST_CASE("FORWARD DROP of TCP at a router is silence", "[sim]") {
  const Lookup lookup = look_up("iptables -A FORWARD -p tcp --dport 53 -j DROP");
  CHECK(lookup.attempts.back().result == "connect ETIMEDOUT");
  CHECK(lookup.duration > 3s);
}

TEST_CASE("FORWARD DROP by the way in or out of the router", "[sim]") {
  CHECK(look_up("iptables -A FORWARD -i lan0 -o lan1 -p tcp -j DROP").attempts.back().result ==
        "connect ETIMEDOUT");
  CHECK(look_up("iptables -A FORWARD -i lan1 -o lan0 -p tcp -j DROP").attempts.back().result ==
        "connect ETIMEDOUT");
  CHECK(look_up("iptables -A FORWARD -i lan1 -o lan1 -j DROP").outcome == Outcome::answered);
}

TEST_CASE("FORWARD REJECT at a router comes back after connect() has let go of its socket, and counts",
          "[sim]") {
  const Lookup lookup =
      look_up("iptables -A FORWARD -p tcp --dport 53 -j REJECT --reject-with icmp-admin-prohibited");
  CHECK(lookup.attempts.back().result == "connect EHOSTUNREACH");
  CHECK(lookup.attempts.back().syns == 1);
  CHECK(lookup.duration < 20ms);
}

TEST_CASE("FORWARD REJECT by a reset is ECONNREFUSED", "[sim]") {
  const Lookup lookup = look_up("iptables -A FORWARD -p tcp --dport 53 -j REJECT --reject-with tcp-reset");
  CHECK(lookup.attempts.back().result == "connect ECONNREFUSED");
}

TEST_CASE("A stateful router that drops new TCP but accepts what is established", "[sim]") {
  CHECK(look_up("iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\\n"
                "iptables -A FORWARD -p udp --dport 53 -j ACCEPT\\n"
                "iptables -P FORWARD DROP")
            .attempts.back()
            .result == "connect ETIMEDOUT");
  CHECK(look_up("iptables -A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT\\n"
                "iptables -A FORWARD -p tcp --syn --dport 53 -j ACCEPT\\n"
                "iptables -A FORWARD -p udp --dport 53 -j ACCEPT\\n"
                "iptables -P FORWARD DROP")
            .outcome == Outcome::answered);
}

TEST_CASE("A server that listens on another of its host's addresses refuses this one by ICMP", "[sim]") {
  const Lookup lookup = look_up("", "10.2.0.3");
  CHECK(lookup.outcome == Outcome::failed);
  CHECK(lookup.error == "EAI_AGAIN");
  REQUIRE(lookup.attempts.size() == 2);
  CHECK(lookup.attempts[0].result == "ICMP error");
  CHECK(lookup.duration < 20ms);
}
