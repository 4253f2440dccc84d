// Answers over the MTU, and what a firewall sees of their fragments:
//
//   vm 10.1.0.2 eth0 ---- lan0 10.1.0.1 router 10.2.0.1 lan1 ---- eth0 10.2.0.2 server, dnsmasq 2.90; mtu
//   1000
//
// big.mydomain.net has 60 addresses: with EDNS an answer of 1005 octets, a datagram of 1033.
#include <catch2/catch.hpp>

#include <fmt/format.h>

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
  std::string more_links{};  // further properties of the server's link
  int count = 1;
};

RunResult simulate(const Path& path, std::uint64_t run = 0) {
  std::string hosts;
  for (int i = 1; i < 61; ++i) hosts += fmt::format("          10.0.8.{} big.mydomain.net\n", i);
  const auto rules = [](const std::string& text) {
    return text.empty() ? text : "    iptables: \"" + text + "\"\n";
  };
  const auto scenario = scenario::parse(
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
          "  - {from: server.eth0, to: router.lan1, delay: 1ms, rate: 1Gbps" +
          path.more_links + "}\n" +
          fmt::format("lookups:\n  - {{host: vm, client: glibc-2.36, family: inet, name: big.mydomain.net, "
                      "count: {}, every: 35s}}\n",
                      path.count),
      "narrow.yaml");
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, run, {.packets = true});
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
