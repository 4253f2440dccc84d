// Rules in, packets in, verdicts out. The packets are of a lookup between
//
//   vm 192.168.122.119:40000 ---- eth0 / virbr0 ---- 192.168.122.1:53 hypervisor
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "models/netfilter/iptables.hh"
#include "tests/models/netfilter/packets.hh"

using namespace hanglab;
using namespace hanglab::kernel;

namespace {

constexpr Verdict accept{Verdict::Kind::accept};
constexpr Verdict drop{Verdict::Kind::drop};
constexpr Verdict reject(RejectWith with) { return {Verdict::Kind::reject, with}; }

Firewall firewall(const std::string& rules, std::uint64_t seed = 1) {
  return Firewall(Ruleset::parse(rules, {"rules", 1, 1}), Random(seed));
}

Verdict at_output(Firewall& wall, const Bytes& packet) {
  return wall.verdict(Hook::output, {.bytes = packet, .out_interface = "eth0"}, TimePoint{});
}

const Flow lookup{};
const Bytes tcp_syn = tcp(lookup, syn);
const Bytes udp_query = udp(lookup);  // 61 bytes in all

struct Case {
  std::string rule;  // after "-A OUTPUT"
  Bytes packet;
  Verdict verdict;
};

}  // namespace

TEST_CASE("a rule holds for the packets that all its matches hold for") {
  const auto later_fragment = udp(lookup, 100, 50);
  const auto first_fragment = udp(lookup, 100, 0x2000);
  const auto ping = echo(lookup, 8);
  const std::vector<Case> cases{
      {"-d 192.168.122.1 -p tcp --dport 53 -j DROP", tcp_syn, drop},
      {"-d 192.168.122.1 -p tcp --dport 53 -j DROP", udp_query, accept},
      {"-d 192.168.122.2 -p tcp --dport 53 -j DROP", tcp_syn, accept},
      {"! -d 192.168.122.2 -j DROP", tcp_syn, drop},
      {"-s 192.168.122.0/25 -j DROP", tcp_syn, drop},
      {"-s 192.168.122.0/26 -j DROP", tcp_syn, accept},
      {"-s 192.168.0.119/255.255.0.255 -j DROP", tcp_syn, drop},
      {"-s 10.0.0.1,192.168.122.119 -j DROP", tcp_syn, drop},
      {"-p 6 -j DROP", tcp_syn, drop},
      {"! -p udp -j DROP", tcp_syn, drop},
      {"-p all -j DROP", tcp_syn, drop},
      {"-o eth0 -j DROP", tcp_syn, drop},
      {"-o eth -j DROP", tcp_syn, accept},
      {"-o eth+ -j DROP", tcp_syn, drop},
      {"! -o eth+ -j DROP", tcp_syn, accept},
      {"-p tcp --dport 54: -j DROP", tcp_syn, accept},
      {"-p tcp --dport :53 -j DROP", tcp_syn, drop},
      {"-p tcp ! --dport 53 -j DROP", tcp_syn, accept},
      {"-p tcp --sport 1024:65535 --dport domain -j DROP", tcp_syn, drop},
      {"-p udp --sport 1024:65535 --dport domain -j DROP", udp_query, drop},
      {"-p tcp --syn -j DROP", tcp_syn, drop},
      {"-p tcp --syn -j DROP", tcp(lookup, syn | ack), accept},
      {"-p tcp ! --syn -j DROP", tcp(lookup, ack), drop},
      {"-p tcp --tcp-flags SYN,ACK SYN -j DROP", tcp(lookup, syn | psh), drop},
      {"-p tcp --tcp-flags ALL ACK,PSH -j DROP", tcp(lookup, psh | ack), drop},
      {"-p tcp --tcp-flags ALL NONE -j DROP", tcp_syn, accept},
      {"-p udp -m multiport --dports 67:68,53 -j DROP", udp_query, drop},
      {"-p udp -m multiport --sports 53 -j DROP", udp_query, accept},
      {"-p udp -m multiport --ports 53 -j DROP", udp_query, drop},
      {"-p udp -m multiport ! --dports 53,80 -j DROP", udp_query, accept},
      {"-m length --length 61 -j DROP", udp_query, drop},
      {"-m length --length 61: -j DROP", tcp_syn, accept},
      {"-m length --length :40 -j DROP", tcp_syn, drop},
      {"-m length ! --length 0:60 -j DROP", udp_query, drop},
      {"-p icmp --icmp-type ping -j DROP", ping, drop},
      {"-p icmp ! --icmp-type echo-reply -j DROP", ping, drop},
      {"-p icmp --icmp-type port-unreachable -j DROP", unreachable(lookup, 3, udp(lookup.reversed())), drop},
      {"-p icmp --icmp-type 3/1 -j DROP", unreachable(lookup, 3, udp(lookup.reversed())), accept},
      {"-f -j DROP", later_fragment, drop},
      {"-f -j DROP", first_fragment, accept},
      {"! -f -j DROP", later_fragment, accept},
      {"-p udp --dport 53 -j DROP", first_fragment, drop},
      {"-p udp --dport 53 -j DROP", later_fragment, accept},
      {"-p udp ! --dport 54 -j DROP", later_fragment, accept},
      {"-p udp -m multiport ! --dports 54 -j DROP", later_fragment, accept},
      {"-p udp -j DROP", later_fragment, drop},
      {"-m statistic --mode random --probability 1 -j DROP", tcp_syn, drop},
      {"-m statistic --mode random --probability 0 -j DROP", tcp_syn, accept},
      {"-m comment --comment \"no lookups over TCP\" -p tcp -j DROP", tcp_syn, drop},
      {"-j LOG --log-prefix 'seen: '", tcp_syn, accept},
      {"-p tcp", tcp_syn, accept},
  };
  for (const auto& [rule, packet, verdict] : cases) {
    INFO(rule);
    auto wall = firewall("iptables -A OUTPUT " + rule);
    CHECK((at_output(wall, packet) == verdict));
  }
}

TEST_CASE("REJECT answers with the type it is told, and with nothing where the kernel stays silent") {
  using enum RejectWith;
  const auto error = unreachable(lookup, 3, udp(lookup.reversed()));
  const std::vector<Case> cases{
      {"-j REJECT", tcp_syn, reject(icmp_port_unreachable)},
      {"-j REJECT --reject-with icmp-net-unreachable", tcp_syn, reject(icmp_net_unreachable)},
      {"-j REJECT --reject-with host-unreach", tcp_syn, reject(icmp_host_unreachable)},
      {"-j REJECT --reject-with proto-unreach", tcp_syn, reject(icmp_proto_unreachable)},
      {"-j REJECT --reject-with net-prohib", tcp_syn, reject(icmp_net_prohibited)},
      {"-j REJECT --reject-with icmp-host-prohibited", tcp_syn, reject(icmp_host_prohibited)},
      {"-j REJECT --reject-with admin-prohib", tcp_syn, reject(icmp_admin_prohibited)},
      {"-p tcp -j REJECT --reject-with tcp-reset", tcp_syn, reject(tcp_reset)},
      {"-p tcp -j REJECT --reject-with tcp-reset", tcp(lookup, rst), drop},
      {"-j REJECT", error, drop},
      {"-j REJECT", udp(lookup, 100, 50), drop},
      {"-j REJECT", udp({.destination = "224.0.0.251", .destination_port = 5353}), drop},
  };
  for (const auto& [rule, packet, verdict] : cases) {
    INFO(rule);
    auto wall = firewall("-A OUTPUT " + rule);
    CHECK((at_output(wall, packet) == verdict));
  }
}

TEST_CASE("each hook has its own chain and policy") {
  auto wall = firewall("-P FORWARD DROP\n-A INPUT -i virbr+ -p tcp --dport 53 -j DROP\n");
  const auto verdict = [&](Hook hook, std::string_view in, std::string_view out) {
    return wall.verdict(hook, {.bytes = tcp_syn, .in_interface = in, .out_interface = out}, TimePoint{});
  };
  CHECK((verdict(Hook::input, "virbr0", "") == drop));
  CHECK((verdict(Hook::input, "eth0", "") == accept));
  CHECK((verdict(Hook::forward, "virbr0", "eth0") == drop));
  CHECK((verdict(Hook::output, "", "virbr0") == accept));
}

TEST_CASE(
    "a user chain gives a verdict or returns to its caller; RETURN at the end of a base chain is the "
    "policy") {
  const std::string chains = "-N DNS\n-N LOGGED\n";
  const auto verdict = [&](const std::string& rules) {
    auto wall = firewall(chains + rules);
    return at_output(wall, tcp_syn);
  };
  CHECK((verdict("-A DNS -j DROP\n-A OUTPUT -j DNS\n") == drop));
  CHECK((verdict("-A DNS -j RETURN\n-A DNS -j DROP\n-A OUTPUT -j DNS\n") == accept));
  CHECK((verdict("-A DNS -p udp -j ACCEPT\n-A OUTPUT -j DNS\n-A OUTPUT -j DROP\n") == drop));
  CHECK((verdict("-P OUTPUT DROP\n-A OUTPUT -j RETURN\n-A OUTPUT -j ACCEPT\n") == drop));
  // DNS ends in a goto: LOGGED returns to OUTPUT, past the rest of DNS.
  CHECK((verdict("-A DNS -g LOGGED\n-A DNS -j DROP\n-A OUTPUT -j DNS\n-A OUTPUT -j ACCEPT\n") == accept));
  // A goto from a base chain never comes back to it.
  CHECK((verdict("-P OUTPUT DROP\n-A OUTPUT -g LOGGED\n-A OUTPUT -j ACCEPT\n") == drop));
}

TEST_CASE("statistic nth takes one packet of every n, counting those that reach it") {
  const auto pattern = [](const std::string& rule, const std::vector<Bytes>& packets) {
    auto wall = firewall("-A OUTPUT " + rule);
    std::string text;
    for (const auto& packet : packets) text += at_output(wall, packet) == accept ? '.' : 'D';
    return text;
  };
  const std::vector<Bytes> seven(7, tcp_syn);
  CHECK(pattern("-m statistic --mode nth --every 3 --packet 0 -j DROP", seven) == "D..D..D");
  CHECK(pattern("-m statistic --mode nth --every 3 --packet 2 -j DROP", seven) == "..D..D.");
  CHECK(pattern("-m statistic --mode nth ! --every 3 --packet 2 -j DROP", seven) == "DD.DD.D");
  CHECK(pattern("-m statistic --mode nth --every 1 --packet 0 -j DROP", seven) == "DDDDDDD");

  const auto web = tcp({.destination_port = 80}, syn);
  const std::vector<Bytes> mixed{web, tcp_syn, web, tcp_syn, web, tcp_syn};
  CHECK(pattern("-p tcp --dport 53 -m statistic --mode nth --every 2 --packet 0 -j DROP", mixed) == ".D...D");
  // Here the count comes before the port, so packets to port 80 take every turn.
  CHECK(pattern("-p tcp -m statistic --mode nth --every 2 --packet 0 --dport 53 -j DROP", mixed) == "......");
}

TEST_CASE("a list of addresses makes a rule for each, with a count of its own") {
  auto wall = firewall(
      "-A OUTPUT -d 192.168.122.1,192.168.122.2 -m statistic --mode nth --every 2 --packet 1 -j DROP");
  const auto other = tcp({.destination = "192.168.122.2"}, syn);
  CHECK((at_output(wall, tcp_syn) == accept));
  CHECK((at_output(wall, other) == accept));
  CHECK((at_output(wall, tcp_syn) == drop));
  CHECK((at_output(wall, other) == drop));
}

TEST_CASE("statistic random drops its share, the same packets for the same seed") {
  const auto pattern = [](std::uint64_t seed) {
    auto wall = firewall("-A OUTPUT -m statistic --mode random --probability 0.25 -j DROP", seed);
    std::vector<bool> dropped;
    for (int n = 0; n < 10000; ++n) dropped.push_back(at_output(wall, tcp_syn) == drop);
    return dropped;
  };
  const auto first = pattern(1);
  const auto share = std::count(first.begin(), first.end(), true);
  CHECK(share > 2370);  // 2500, give or take three standard deviations of 43.3
  CHECK(share < 2630);
  CHECK(pattern(1) == first);
  CHECK(pattern(2) != first);
}

TEST_CASE("a packet cut short within the header that a match reads is dropped") {
  auto wall = firewall("-A OUTPUT -p tcp --dport 80 -j ACCEPT");
  const auto cut = ip("10.0.0.1", "10.0.0.2", 6, Bytes(12));
  CHECK((at_output(wall, cut) == drop));
  CHECK((at_output(wall, Bytes(19, 0x45)) == drop));
  CHECK((at_output(wall, ip("10.0.0.1", "10.0.0.2", 6, Bytes(20), 1)) == drop));  // would rewrite the flags
}

TEST_CASE("no rules accept everything") {
  for (const std::string text :
       {"", "# nothing yet\n\n", "-P INPUT ACCEPT", "*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n"}) {
    const auto rules = Ruleset::parse(text, {"rules", 1, 1});
    CHECK(rules.empty());
    Firewall wall(rules, Random(1));
    CHECK((at_output(wall, tcp_syn) == accept));
  }
  CHECK_FALSE(Ruleset::parse("-P INPUT DROP", {"rules", 1, 1}).empty());
}
