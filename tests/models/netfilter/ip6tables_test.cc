// The rules of ip6tables. The packets are of a lookup between
//
//   vm 2001:db8::119 port 40000 ---- eth0 ---- 2001:db8::1 port 53 server
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

constexpr std::uint8_t to_tcp = 6, to_udp = 17, to_fragment = 44, to_icmpv6 = 58, to_options = 60;
const std::string vm = "2001:db8::119";
const std::string server = "2001:db8::1";

Bytes ipv6(std::uint8_t next_header, const Bytes& payload, const std::string& source = vm,
           const std::string& destination = server) {
  Bytes bytes{0x60, 0, 0, 0};
  put16(bytes, static_cast<unsigned>(payload.size()));
  bytes.insert(bytes.end(), {next_header, 64});
  for (const auto& address : {parse_ipv6(source), parse_ipv6(destination)})
    bytes.insert(bytes.end(), address->bytes.begin(), address->bytes.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Bytes datagram(unsigned source = 40000, unsigned destination = 53, std::size_t data = 33) {
  Bytes bytes;
  put16(bytes, source);
  put16(bytes, destination);
  put16(bytes, static_cast<unsigned>(8 + data));
  put16(bytes, 0);
  bytes.resize(8 + data);
  return bytes;
}

Bytes segment(std::uint8_t flags) {
  Bytes bytes;
  put16(bytes, 40000);
  put16(bytes, 53);
  bytes.resize(12);
  bytes.insert(bytes.end(), {0x50, flags, 0xff, 0xff, 0, 0, 0, 0});
  return bytes;
}

// The same payload behind a fragment header, or behind destination options.
Bytes fragmented(std::uint8_t protocol, unsigned offset_and_more, const Bytes& payload) {
  Bytes bytes{protocol, 0};
  put16(bytes, offset_and_more);
  put32(bytes, 7);
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  return bytes;
}

Bytes icmpv6(std::uint8_t type, std::uint8_t code, const Bytes& about = Bytes(8)) {
  Bytes bytes{type, code, 0, 0, 0, 0, 0, 0};
  bytes.insert(bytes.end(), about.begin(), about.end());
  return bytes;
}

Firewall firewall(const std::string& rules) {
  return Firewall(Ruleset::parse(rules, {"rules", 1, 1}, IpVersion::v6), Random(1));
}

Verdict at(Firewall& wall, Hook hook, const Bytes& packet) {
  return wall.verdict(hook, {.bytes = packet, .in_interface = "eth0", .out_interface = "eth0"}, TimePoint{});
}

std::string refusal(const std::string& text, IpVersion version = IpVersion::v6) {
  try {
    Ruleset::parse(text, {"rules", 1, 1}, version);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a rule of ip6tables holds for the packets that all its matches hold for") {
  const Bytes query = ipv6(to_udp, datagram());
  const Bytes tcp_syn = ipv6(to_tcp, segment(syn));
  const Bytes behind_options = ipv6(to_options, [] {
    Bytes bytes{to_udp, 0, 1, 4, 0, 0, 0, 0};
    const auto message = datagram();
    bytes.insert(bytes.end(), message.begin(), message.end());
    return bytes;
  }());
  const Bytes first = ipv6(to_fragment, fragmented(to_udp, 0x0001, datagram()));
  const Bytes later = ipv6(to_fragment, fragmented(to_udp, 0x05a8, Bytes(100)));
  const Bytes ping = ipv6(to_icmpv6, icmpv6(128, 0));
  struct Case {
    std::string rule;
    Bytes packet;
    Verdict verdict;
  };
  const std::vector<Case> cases{
      {"-d 2001:db8::1 -p udp --dport 53 -j DROP", query, drop},
      {"-d 2001:db8::1 -p tcp --dport 53 -j DROP", query, accept},
      {"-d 2001:db8::2 -p udp --dport 53 -j DROP", query, accept},
      {"! -d 2001:db8::2 -j DROP", query, drop},
      {"-s 2001:db8::/32 -j DROP", query, drop},
      {"-s 2001:db8::/113 -j DROP", query, drop},
      {"-s 2001:db8::/120 -j DROP", query, accept},  // ::119 is in ::100/120
      {"-s ::119/::ffff -j DROP", query, drop},
      {"-s fd00::1,2001:db8::119 -j DROP", query, drop},
      {"-p udp -m length --length 81 -j DROP", query, drop},  // 40 + 8 + 33
      {"-p tcp --syn -j DROP", tcp_syn, drop},
      {"-p udp --dport 53 -j DROP", behind_options, drop},
      {"-p udp --dport 53 -j DROP", first, drop},
      {"-p udp --dport 53 -j DROP", later, accept},  // shows no ports
      {"-p udp -j DROP", later, drop},
      {"-p icmpv6 --icmpv6-type echo-request -j DROP", ping, drop},
      {"-p ipv6-icmp -m icmp6 --icmpv6-type 128/0 -j DROP", ping, drop},
      {"-p icmpv6 --icmpv6-type port-unreachable -j DROP", ping, accept},
      {"-p icmp -j DROP", ping, accept},  // 1, which is IPv4's
      {"-p tcp -j REJECT", tcp_syn, reject(RejectWith::icmp6_port_unreachable)},
      {"-p tcp -j REJECT --reject-with adm-prohibited", tcp_syn, reject(RejectWith::icmp6_admin_prohibited)},
      {"-p tcp -j REJECT --reject-with icmp6-addr", tcp_syn, reject(RejectWith::icmp6_address_unreachable)},
      {"-p tcp -j REJECT --reject-with no-route", tcp_syn, reject(RejectWith::icmp6_no_route)},
      {"-p tcp -j REJECT --reject-with policy-fail", tcp_syn, reject(RejectWith::icmp6_policy_fail)},
      {"-p tcp -j REJECT --reject-with reject-route", tcp_syn, reject(RejectWith::icmp6_reject_route)},
      {"-p tcp -j REJECT --reject-with tcp-reset", tcp_syn, reject(RejectWith::tcp_reset)},
      // What the kernel answers with nothing.
      {"-p tcp -j REJECT --reject-with tcp-reset", ipv6(to_tcp, segment(rst)), drop},
      {"-j REJECT", later, drop},
      {"-j REJECT", ipv6(to_icmpv6, icmpv6(1, 4)), drop},
      {"-j REJECT", ipv6(to_udp, datagram(), vm, "ff02::fb"), drop},
      {"-j REJECT", ping, reject(RejectWith::icmp6_port_unreachable)},
  };
  for (const auto& [rule, packet, verdict] : cases) {
    INFO(rule);
    auto wall = firewall("ip6tables -A OUTPUT " + rule);
    CHECK(at(wall, Hook::output, packet) == verdict);
  }
}

TEST_CASE("an IPv6 flow is tracked: its answers are ESTABLISHED, errors about it RELATED") {
  auto wall = firewall(
      "-P INPUT DROP\n"
      "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT\n");
  const Bytes query = ipv6(to_udp, datagram());
  const Bytes answer = ipv6(to_udp, datagram(53, 40000), server, vm);
  const Bytes stranger = ipv6(to_udp, datagram(53, 40000), "2001:db8::2", vm);
  const Bytes error = ipv6(to_icmpv6, icmpv6(1, 4, query), server, vm);
  CHECK(at(wall, Hook::input, answer) == drop);
  CHECK(at(wall, Hook::input, error) == drop);
  CHECK(at(wall, Hook::output, query) == accept);
  CHECK(at(wall, Hook::input, answer) == accept);
  CHECK(at(wall, Hook::input, error) == accept);
  CHECK(at(wall, Hook::input, stranger) == drop);
  CHECK(at(wall, Hook::input, ipv6(to_icmpv6, icmpv6(135, 0), server, vm)) == drop);  // UNTRACKED
  CHECK(at(wall, Hook::output, ipv6(to_icmpv6, icmpv6(128, 0))) == accept);
  CHECK(at(wall, Hook::input, ipv6(to_icmpv6, icmpv6(129, 0), server, vm)) == accept);
}

TEST_CASE("hashlimit tells IPv6 sources apart by as many bits as it is told") {
  const std::string limit =
      "-A OUTPUT -m hashlimit --hashlimit-name n --hashlimit-above 1/hour --hashlimit-burst 1 "
      "--hashlimit-mode srcip --hashlimit-srcmask ";
  const Bytes one = ipv6(to_udp, datagram(), "2001:db8:0:1::7");
  const Bytes neighbour = ipv6(to_udp, datagram(), "2001:db8:0:1::8");
  auto by_network = firewall(limit + "64 -j DROP");
  CHECK(at(by_network, Hook::output, one) == accept);
  CHECK(at(by_network, Hook::output, neighbour) == drop);
  auto by_address = firewall(limit + "128 -j DROP");
  CHECK(at(by_address, Hook::output, one) == accept);
  CHECK(at(by_address, Hook::output, neighbour) == accept);
  CHECK(at(by_address, Hook::output, one) == drop);
}

TEST_CASE("what only the other program knows is refused") {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"iptables -A OUTPUT -j DROP",
       "1:1: the rules of iptables stand under 'iptables', not under 'ip6tables'"},
      {"-A OUTPUT -d 192.168.122.1 -j DROP",
       "1:14: '192.168.122.1' is an IPv4 address, which ip6tables does not take"},
      {"-A OUTPUT -d 2001:db8::1/129 -j DROP",
       "1:14: '2001:db8::1/129' has no mask from /0 to /128, nor one like /ffff:ffff::"},
      {"-A OUTPUT -d ns.test -j DROP", "1:14: 'ns.test' is no IPv6 address (a name would need a resolver)"},
      {"-A OUTPUT -f -j DROP", "1:11: unknown option '-f'"},
      {"-A OUTPUT -p tcp -j REJECT --reject-with icmp-port-unreachable",
       "1:42: no reject type 'icmp-port-unreachable'; there are icmp6-no-route, no-route, "
       "icmp6-adm-prohibited, "
       "adm-prohibited, icmp6-addr-unreachable, addr-unreach, icmp6-port-unreachable, port-unreach, "
       "tcp-reset, "
       "icmp6-policy-fail, policy-fail, icmp6-reject-route, reject-route"},
      {"-A OUTPUT -p udp -m icmp --icmp-type 8 -j DROP",
       "1:21: unknown match 'icmp'; the lab reads tcp, udp, icmp6, multiport, length, statistic, state, "
       "conntrack, "
       "comment, hashlimit"},
      {"-A OUTPUT -p tcp -m icmp6 --icmpv6-type 1 -j DROP", "1:21: 'icmp6' needs -p icmpv6"},
  };
  for (const auto& [text, problem] : cases) CHECK(refusal(text) == "rules:" + problem);
  CHECK(refusal("ip6tables -A OUTPUT -j DROP", IpVersion::v4) ==
        "rules:1:1: the rules of ip6tables stand under 'ip6tables', not under 'iptables'");
  CHECK(refusal("-A OUTPUT -p icmpv6 --icmpv6-type 1 -j DROP", IpVersion::v4) ==
        "rules:1:21: unknown option '--icmpv6-type'; it needs -p icmpv6 before it");
}

TEST_CASE("a firewall of one version drops what is no packet of it") {
  auto wall = firewall("-A OUTPUT -p tcp -j DROP");
  CHECK(at(wall, Hook::output, udp({})) == drop);
  CHECK(at(wall, Hook::output, ipv6(to_udp, datagram())) == accept);
}
