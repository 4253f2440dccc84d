// Answers over the MTU, and what a firewall sees of their fragments:
//
//   vm 10.1.0.2 eth0 ---- lan0 10.1.0.1 router 10.2.0.1 lan1 ---- eth0 10.2.0.2 server, dnsmasq 2.90; mtu
//   1000
//
// big.mydomain.net has 60 addresses: with EDNS an answer of 1005 octets, a datagram of 1033.
#include <catch2/catch.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "models/linux/ipv4_header.hh"
#include "models/linux/tcp_segment.hh"
#include "scenario/scenario.hh"
#include "sim/world.hh"

using namespace hanglab;
using namespace std::chrono_literals;

namespace {

struct Path {
  std::string router_rules{};
  std::string vm_rules{};
  std::string server_rules{};
  int vm_mtu = 1500;
  int lan0_mtu = 1500;
  int server_mtu = 1000;
  int lan1_mtu = 1000;
  std::string options = "options edns0";
};

scenario::Scenario scenario_of(const Path& path) {
  std::string hosts;
  for (int i = 1; i < 61; ++i) hosts += fmt::format("          10.0.8.{} big.mydomain.net\n", i);
  const auto rules = [](const std::string& text) {
    return text.empty() ? text : "    iptables: \"" + text + "\"\n";
  };
  return scenario::parse(
      "name: narrow\ngive_up: 100s\nhosts:\n  router:\n    interfaces:\n" +
          fmt::format("      lan0: {{address: 10.1.0.1/24, mtu: {}}}\n", path.lan0_mtu) +
          fmt::format("      lan1: {{address: 10.2.0.1/24, mtu: {}}}\n", path.lan1_mtu) +
          "    sysctls: {net.ipv4.ip_forward: 1}\n" + rules(path.router_rules) +
          "  server:\n    interfaces:\n" +
          fmt::format("      eth0: {{address: 10.2.0.2/24, mtu: {}}}\n", path.server_mtu) +
          "    routes: [default via 10.2.0.1]\n" + rules(path.server_rules) +
          "    dns:\n"
          "      - software: dnsmasq 2.90\n"
          "        options: --no-resolv --no-hosts --local=/mydomain.net/\n"
          "        addn-hosts: |\n" +
          hosts + "  vm:\n    interfaces:\n" +
          fmt::format("      eth0: {{address: 10.1.0.2/24, mtu: {}}}\n", path.vm_mtu) +
          "    routes: [default via 10.1.0.1]\n" + rules(path.vm_rules) +
          "    resolv.conf: \"nameserver 10.2.0.2\\n" + path.options +
          "\"\n"
          "    nsswitch.conf: \"hosts: files dns\"\n"
          "links:\n"
          "  - {from: vm.eth0, to: router.lan0, delay: 1ms, rate: 1Gbps}\n"
          "  - {from: server.eth0, to: router.lan1, delay: 1ms, rate: 1Gbps}\n"
          "lookups:\n  - {host: vm, client: glibc-2.36, family: inet, name: big.mydomain.net}\n",
      "narrow.yaml");
}

RunResult simulate(const Path& path) {
  const auto scenario = scenario_of(path);
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, 0, {.packets = true});
}

constexpr std::uint32_t server = 1;
constexpr std::uint32_t vm = 2;

// "996+ at 0": total length and offset of what goes a host's way, + for more fragments, DF as it is.
std::vector<std::string> seen(const RunResult& result, std::uint32_t host, Direction direction) {
  std::vector<std::string> packets;
  for (const PacketEvent& event : result.packets) {
    if (event.host != host || event.direction != direction) continue;
    const auto header = kernel::decode_ipv4(event.bytes).value().header;
    packets.push_back(fmt::format("{}{}{} at {}", event.bytes.size(), header.more_fragments ? "+" : "",
                                  header.dont_fragment ? " DF" : "", header.fragment_offset));
  }
  return packets;
}

using Packets = std::vector<std::string>;

// The MSS of each SYN that a host sends.
std::vector<int> advertised(const RunResult& result, std::uint32_t host) {
  std::vector<int> sizes;
  for (const PacketEvent& event : result.packets) {
    if (event.host != host || event.direction != Direction::out) continue;
    const auto ip = kernel::decode_ipv4(event.bytes).value();
    const auto segment =
        ip.header.protocol == kernel::protocol_tcp ? kernel::decode_tcp(ip.payload) : std::nullopt;
    if (segment && segment->syn) sizes.push_back(segment->mss.value());
  }
  return sizes;
}

}  // namespace

// Captured live with dnsmasq 2.90 and a veth pair at mtu 1000: 996 octets of a datagram and 57 of its rest.
TEST_CASE("An answer over the MTU leaves in fragments and arrives whole", "[sim]") {
  const RunResult result = simulate({});
  CHECK(seen(result, server, Direction::out) == Packets{"996+ at 0", "57 at 976"});
  CHECK(seen(result, vm, Direction::in) == Packets{"996+ at 0", "57 at 976"});
  CHECK(result.lookups.at(0).outcome == Outcome::answered);
  CHECK(result.lookups.at(0).addresses == 60);
}

TEST_CASE("An answer that fits the MTU to the octet leaves whole", "[sim]") {
  CHECK(seen(simulate({.server_mtu = 1033, .lan1_mtu = 1033}), server, Direction::out) ==
        Packets{"1033 at 0"});
  CHECK(seen(simulate({.server_mtu = 1032, .lan1_mtu = 1032}), server, Direction::out) ==
        Packets{"1028+ at 0", "25 at 1008"});
}

TEST_CASE("Each end names the MSS that its own MTU leaves", "[sim]") {
  const RunResult result = simulate({.options = "options use-vc"});
  CHECK(advertised(result, vm) == std::vector{1460});
  CHECK(advertised(result, server) == std::vector{960});
  CHECK(result.lookups.at(0).addresses == 60);
  CHECK(advertised(simulate({.vm_mtu = 9000, .lan0_mtu = 9000, .options = "options use-vc"}), vm) ==
        std::vector{8960});
}

TEST_CASE("An MTU under 296 names the least MSS of 256 all the same", "[sim]") {
  CHECK(advertised(simulate({.vm_mtu = 200, .lan0_mtu = 200, .options = "options use-vc"}), vm) ==
        std::vector{256});
}

TEST_CASE("What is over the receiving end's MTU by more than a VLAN tag is dropped there", "[sim]") {
  CHECK(simulate({.server_mtu = 1033, .lan1_mtu = 1029}).lookups.at(0).outcome == Outcome::answered);
  CHECK(simulate({.server_mtu = 1033, .lan1_mtu = 1028}).lookups.at(0).error == "EAI_AGAIN");
}

// What `iptables -nvxL` counted for a datagram of 1328 octets over mtu 1000, between three network
// namespaces: without connection tracking FORWARD saw 996 and 352 octets, the second as a fragment; with it
// 1328 in one.
TEST_CASE("FORWARD sees fragments, but not where connections are tracked", "[sim]") {
  const std::string track = "-A FORWARD -m state --state INVALID -j DROP\\n";
  const auto outcome = [](const std::string& rules) {
    return simulate({.router_rules = rules}).lookups.at(0).outcome;
  };
  CHECK(outcome("-A FORWARD -f -j DROP") == Outcome::failed);
  CHECK(outcome(track + "-A FORWARD -f -j DROP") == Outcome::answered);
  CHECK(outcome("-A FORWARD -m length --length 1001: -j DROP") == Outcome::answered);
  CHECK(outcome(track + "-A FORWARD -m length --length 1001: -j DROP") == Outcome::failed);
  CHECK(outcome("-A FORWARD -m length --length 57 -j DROP") == Outcome::failed);
  CHECK(outcome(track + "-A FORWARD -m length --length 57 -j DROP") == Outcome::answered);
}

TEST_CASE("OUTPUT and INPUT see the whole datagram, with and without connection tracking", "[sim]") {
  for (const std::string track : {"", "-m state --state INVALID -j DROP"}) {
    const auto rules = [&](const std::string& chain, const std::string& rule) {
      return (track.empty() ? "" : "-A " + chain + " " + track + "\\n") + "-A " + chain + " " + rule;
    };
    CHECK(simulate({.server_rules = rules("OUTPUT", "-f -j DROP")}).lookups.at(0).addresses == 60);
    CHECK(simulate({.vm_rules = rules("INPUT", "-f -j DROP")}).lookups.at(0).addresses == 60);
    CHECK(simulate({.server_rules = rules("OUTPUT", "-m length ! --length 1033 -j DROP")})
              .lookups.at(0)
              .addresses == 60);
    CHECK(
        simulate({.vm_rules = rules("INPUT", "-m length ! --length 1033 -j DROP")}).lookups.at(0).addresses ==
        60);
  }
}

TEST_CASE("What a router reassembled leaves it in fragments as they came, though the way on is wider",
          "[sim]") {
  const RunResult result = simulate({.router_rules = "-A FORWARD -m state --state INVALID -j DROP"});
  CHECK(seen(result, vm, Direction::in) == Packets{"996+ at 0", "57 at 976"});
}

TEST_CASE("30 s after a first fragment came alone, its sender is told", "[sim]") {
  const RunResult result =
      simulate({.router_rules = "-A FORWARD -f -j DROP", .options = "options edns0 timeout:30 attempts:2"});
  const auto& packets = result.packets;
  const auto is_time_exceeded = [](const PacketEvent& event) {
    const auto ip = kernel::decode_ipv4(event.bytes).value();
    return event.host == vm && event.direction == Direction::out &&
           ip.header.protocol == kernel::protocol_icmp && ip.payload[0] == 11 && ip.payload[1] == 1;
  };
  const auto told = std::ranges::find_if(packets, is_time_exceeded);
  const auto came = std::ranges::find_if(packets, [](const PacketEvent& event) {
    return event.host == vm && event.direction == Direction::in && event.bytes.size() == 996;
  });
  REQUIRE(told != packets.end());
  REQUIRE(came != packets.end());
  CHECK(told->at - came->at == 30s);
  CHECK(told->bytes.size() == 576);
}

TEST_CASE("Fragments that wait when a run ends are not there in the next one", "[sim]") {
  const auto scenario = scenario_of({.router_rules = "-A FORWARD -f -j DROP"});
  std::vector<std::string> warnings;
  const auto alone = sim::World(scenario, warnings).run(1, 3, {.packets = true});
  sim::World world(scenario, warnings);
  for (std::uint64_t run = 0; run < 3; ++run) world.run(1, run);
  CHECK(world.run(1, 3, {.packets = true}).packets == alone.packets);
}
