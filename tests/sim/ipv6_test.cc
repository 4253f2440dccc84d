// Name servers that are reached over IPv6:
//
//   vm eth0 2001:db8::119, 192.168.122.119 ---- wire ---- virbr0 2001:db8::1, 192.168.122.1 hypervisor,
//   dnsmasq 2.90
//
// me.mydomain.net has 255 addresses, small.mydomain.net three.
#include <fmt/format.h>

#include <poll.h>

#include <catch2/catch.hpp>
#include <set>

#include "core/dns.hh"
#include "models/linux/ip_packet.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/ipv6_header.hh"
#include "models/linux/tcp_segment.hh"
#include "scenario/scenario.hh"
#include "sim/world.hh"
#include "tests/sim/small_program.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

struct Network {
  std::string name = "me.mydomain.net";
  std::string client = "glibc-2.36";
  std::string resolv_conf = "nameserver 2001:db8::1";
  std::string vm_rules{};
  std::string hypervisor_rules{};
  std::string hypervisor_ipv4_rules{};
  std::string vm_addresses = "192.168.122.119/24, \"2001:db8::119/64\"";
  std::string options{};  // of dnsmasq, besides the usual ones
  int syn_retries = 1;
};

scenario::Scenario scenario_of(const Network& network) {
  std::string host_file;
  for (int i = 1; i < 256; ++i) host_file += fmt::format("          10.0.0.{} me.mydomain.net\n", i);
  for (int i = 1; i < 4; ++i) host_file += fmt::format("          10.0.9.{} small.mydomain.net\n", i);
  const auto rules = [](const char* program, const std::string& text) {
    return text.empty() ? text : fmt::format("    {}: \"{}\"\n", program, text);
  };
  std::string resolv_conf = "    resolv.conf: |\n";
  for (std::size_t at = 0; at < network.resolv_conf.size();) {
    const auto end = std::min(network.resolv_conf.find('\n', at), network.resolv_conf.size());
    resolv_conf += "      " + network.resolv_conf.substr(at, end - at) + "\n";
    at = end + 1;
  }
  return scenario::parse(
      "name: ipv6\ngive_up: 60s\nhosts:\n"
      "  hypervisor:\n"
      "    interfaces: {virbr0: {addresses: [192.168.122.1/24, \"2001:db8::1/64\"]}}\n" +
          rules("ip6tables", network.hypervisor_rules) + rules("iptables", network.hypervisor_ipv4_rules) +
          "    dns:\n"
          "      - software: dnsmasq 2.90\n"
          "        options: --no-resolv --no-hosts --local=/mydomain.net/ " +
          network.options + "\n        addn-hosts: |\n" + host_file +
          "  vm:\n"
          "    kernel: {version: \"6.1\", hz: 250}\n"
          "    interfaces: {eth0: {addresses: [" +
          network.vm_addresses + "]}}\n" +
          fmt::format("    sysctls: {{net.ipv4.tcp_syn_retries: {}}}\n", network.syn_retries) + resolv_conf +
          rules("ip6tables", network.vm_rules) +
          "links:\n  - {from: vm.eth0, to: hypervisor.virbr0, delay: 100us, rate: 10Gbps}\n" +
          fmt::format("lookups:\n  - {{host: vm, client: {}, name: {}}}\n", network.client, network.name),
      "ipv6.yaml");
}

RunResult run(const Network& network, const RunOptions& options = {}) {
  const auto scenario = scenario_of(network);
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, 0, options);
}

Lookup lookup_in(const Network& network) { return run(network).lookups.at(0); }

using Words = std::vector<std::string>;
const std::string tcp_at_server = "-A INPUT -p tcp --dport 53 -j ";

std::vector<kernel::Ipv6Packet> sent_by_vm(const RunResult& result) {
  std::vector<kernel::Ipv6Packet> packets;
  for (const PacketEvent& event : result.packets)
    if (event.host == 1 && event.direction == Direction::out)
      if (const auto packet = kernel::decode_ipv6(event.bytes)) packets.push_back(*packet);
  return packets;
}

}  // namespace

TEST_CASE("Every client asks an IPv6 name server as it would one of IPv4", "[sim][ipv6]") {
  for (const auto* client : {"glibc-2.28", "glibc-2.36", "musl-1.2.5", "go-1.19", "cares-1.18", "dig-9.18",
                             "dnspython-2.3", "node-20-cares-1.34"}) {
    INFO(client);
    const Lookup lookup = lookup_in({.client = client});
    CHECK(lookup.outcome == Outcome::answered);
    CHECK(lookup.addresses == (lookup.client == "musl-1.2.5" ? 48 : 255));
    REQUIRE(lookup.attempts.size() >= 2);
    CHECK(results(lookup)[0] == "udp truncated");
    CHECK(to_string(lookup.attempts[0].server) == "[2001:db8::1]:53");
    CHECK(results(lookup).back() == "tcp answered");
  }
}

TEST_CASE("A host may have IPv6 addresses alone", "[sim][ipv6]") {
  const Lookup lookup = lookup_in({.name = "small.mydomain.net", .vm_addresses = "\"2001:db8::119/64\""});
  CHECK(lookup.addresses == 3);
  CHECK(results(lookup) == Words{"udp answered"});
}

TEST_CASE("Without an IPv6 address an IPv6 name server is out of reach at once", "[sim][ipv6]") {
  const Lookup lookup = lookup_in({.name = "small.mydomain.net", .vm_addresses = "192.168.122.119/24"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(lookup.duration < 1ms);
}

TEST_CASE("ip6tables at OUTPUT: TCP is silence, UDP is EPERM", "[sim][ipv6]") {
  const Lookup dropped = lookup_in({.vm_rules = "-A OUTPUT -d 2001:db8::1 -p tcp --dport 53 -j DROP"});
  CHECK(dropped.error == "EAI_AGAIN");
  CHECK(results(dropped) == Words{"udp truncated", "tcp connect ETIMEDOUT"});
  CHECK(dropped.attempts.back().syns == 2);
  CHECK(dropped.duration > 3s);
  CHECK(dropped.duration < 3100ms);
  const Lookup refused = lookup_in({.vm_rules = "-A OUTPUT -p udp -j DROP"});
  CHECK(refused.error == "EAI_AGAIN");
  CHECK(results(refused).front() == "udp send EPERM");
  CHECK(refused.duration < 10ms);
}

TEST_CASE("ip6tables at INPUT: what each REJECT is to connect()", "[sim][ipv6]") {
  const std::vector<std::pair<std::string, std::string>> cases{{"tcp-reset", "ECONNREFUSED"},
                                                               {"icmp6-port-unreachable", "ECONNREFUSED"},
                                                               {"icmp6-adm-prohibited", "EACCES"},
                                                               {"icmp6-no-route", "ENETUNREACH"},
                                                               {"icmp6-addr-unreachable", "EHOSTUNREACH"},
                                                               {"icmp6-policy-fail", "EACCES"},
                                                               {"icmp6-reject-route", "EACCES"}};
  for (const auto& [how, error] : cases) {
    INFO(how);
    const Lookup lookup = lookup_in({.hypervisor_rules = tcp_at_server + "REJECT --reject-with " + how});
    CHECK(results(lookup) == Words{"udp truncated", "tcp connect " + error});
    CHECK(lookup.duration < 50ms);
  }
}

TEST_CASE("UDP refused by ICMPv6 is heard, by a socket with IPV6_RECVERR even what is not final",
          "[sim][ipv6]") {
  for (const auto* how : {"icmp6-port-unreachable", "icmp6-no-route"}) {
    const Lookup lookup = lookup_in({.name = "small.mydomain.net",
                                     .hypervisor_rules = std::string("-A INPUT -p udp --dport 53 -j REJECT "
                                                                     "--reject-with ") +
                                                         how});
    CHECK(results(lookup).front() == "udp ICMP error");
    CHECK(lookup.duration < 10ms);
  }
}

TEST_CASE("Of two name servers the dead one costs its timeout, whichever family it is of", "[sim][ipv6]") {
  const Lookup v6_dead = lookup_in({.name = "small.mydomain.net",
                                    .resolv_conf = "nameserver 2001:db8::1\nnameserver 192.168.122.1",
                                    .hypervisor_rules = "-A INPUT -p udp -j DROP"});
  CHECK(v6_dead.addresses == 3);
  CHECK(results(v6_dead) == Words{"udp timeout", "udp answered"});
  CHECK(to_string(v6_dead.attempts[1].server) == "192.168.122.1:53");
  const Lookup v4_dead = lookup_in({.name = "small.mydomain.net",
                                    .resolv_conf = "nameserver 192.168.122.1\nnameserver 2001:db8::1",
                                    .hypervisor_ipv4_rules = "-A INPUT -p udp -j DROP"});
  CHECK(v4_dead.addresses == 3);
  CHECK(results(v4_dead) == Words{"udp timeout", "udp answered"});
  CHECK(to_string(v4_dead.attempts[1].server) == "[2001:db8::1]:53");
  for (const Lookup& lookup : {v6_dead, v4_dead}) {
    CHECK(lookup.duration > 5s);
    CHECK(lookup.duration < 5100ms);
  }
}

TEST_CASE("musl asks servers of both families by one IPv6 socket", "[sim][ipv6]") {
  const auto result = run({.name = "small.mydomain.net",
                           .client = "musl-1.2.3",
                           .resolv_conf = "nameserver 2001:db8::1\nnameserver 192.168.122.1",
                           .hypervisor_rules = "-A INPUT -p udp -j DROP"},
                          {.syscalls = true});
  CHECK(result.lookups[0].addresses == 3);
  CHECK(result.lookups[0].duration < 10ms);
  const std::string& trace = result.syscalls[0];
  CHECK(trace.find("socket(AF_INET6, SOCK_DGRAM|SOCK_CLOEXEC|SOCK_NONBLOCK, IPPROTO_IP)") !=
        std::string::npos);
  CHECK(trace.find("inet_pton(AF_INET6, \"::ffff:192.168.122.1\", &sin6_addr)") != std::string::npos);
  CHECK(trace.find("socket(AF_INET,") == std::string::npos);
  bool by_ipv4 = false;
  for (const Attempt& attempt : result.lookups[0].attempts)
    by_ipv4 = by_ipv4 || (to_string(attempt.server) == "192.168.122.1:53" && attempt.result == "answered");
  CHECK(by_ipv4);
}

TEST_CASE("The MSS over IPv6 is 1440, the hop limit 64; a SYN that is sent again has another flow label",
          "[sim][ipv6]") {
  const auto result = run({.hypervisor_rules = tcp_at_server + "DROP", .syn_retries = 3}, {.packets = true});
  std::set<std::uint32_t> labels;
  std::set<std::uint32_t> of_datagrams;
  std::size_t syns = 0;
  for (const auto& packet : sent_by_vm(result)) {
    CHECK(packet.header.hop_limit == 64);
    if (packet.header.next_header == kernel::protocol_udp) of_datagrams.insert(packet.header.flow_label);
    if (packet.header.next_header != kernel::protocol_tcp) continue;
    const auto segment = kernel::decode_tcp(packet.payload);
    REQUIRE(segment);
    CHECK(segment->mss == 1440);
    CHECK(kernel::transport_checksum(packet.payload, packet.header.source, packet.header.destination,
                                     kernel::protocol_tcp) == 0);
    labels.insert(packet.header.flow_label);
    ++syns;
  }
  CHECK(syns == 4);
  CHECK(labels.size() == 4);
  CHECK(of_datagrams.size() == 1);
  CHECK_FALSE(of_datagrams.contains(0));
}

TEST_CASE("An answer larger than the MTU comes in fragments and is read whole", "[sim][ipv6]") {
  std::size_t size = 0;
  std::vector<std::uint8_t> buffer(65535);
  const auto scenario = scenario_of({.options = "--edns-packet-max=4096"});
  run_program_in(scenario, [&](posix::Posix& os) -> posix::Task<int> {
    const auto opened = co_await os.socket(Transport::udp, true, IpVersion::v6);
    const int fd = static_cast<int>(opened.value);
    co_await os.connect(fd, {*parse_ipv6("2001:db8::1"), 53});
    const auto query = dns::encode_query(7, {.name = "me.mydomain.net", .type = dns::type_a}, 4096);
    co_await os.send(fd, query);
    posix::PollFd ready{.fd = fd, .events = POLLIN};
    co_await os.poll({&ready, 1}, 5s);
    const auto got = co_await os.recvfrom(fd, buffer);
    size = static_cast<std::size_t>(got.value);
    co_return 0;
  });
  // As the real one: fragments of 1448, 1448 and 1204 octets, a UDP header among them.
  REQUIRE(size == 4092);
  buffer.resize(size);
  CHECK(dns::decode_header(buffer)->answers == 253);
}

TEST_CASE("A router passes IPv6 on with a hop less, and its FORWARD chain judges it", "[sim][ipv6]") {
  // vm 2001:db8:a::2 ---- lan0 2001:db8:a::1 router 2001:db8:b::1 lan1 ---- 2001:db8:b::2 server,
  // dnsmasq 2.90
  const auto in = [](const std::string& rules, const std::string& forwarding = "1") {
    const auto scenario = scenario::parse(
        "name: routed\ngive_up: 60s\nhosts:\n"
        "  router:\n"
        "    interfaces: {lan0: {address: \"2001:db8:a::1/64\"}, lan1: {address: \"2001:db8:b::1/64\"}}\n"
        "    sysctls: {net.ipv6.conf.all.forwarding: " +
            forwarding + "}\n    ip6tables: \"" + rules +
            "\"\n"
            "  server:\n"
            "    interfaces: {eth0: {address: \"2001:db8:b::2/64\"}}\n"
            "    routes: [\"default via 2001:db8:b::1\"]\n"
            "    dns:\n"
            "      - software: dnsmasq 2.90\n"
            "        options: --no-resolv --no-hosts --local=/mydomain.net/\n"
            "        addn-hosts: \"10.0.9.1 small.mydomain.net\"\n"
            "  vm:\n"
            "    interfaces: {eth0: {address: \"2001:db8:a::2/64\"}}\n"
            "    routes: [\"2001:db8:b::/64 via 2001:db8:a::1\"]\n"
            "    resolv.conf: \"nameserver 2001:db8:b::2\"\n"
            "links:\n"
            "  - {from: vm.eth0, to: router.lan0, delay: 1ms}\n"
            "  - {from: server.eth0, to: router.lan1, delay: 1ms}\n"
            "lookups:\n  - {host: vm, client: glibc-2.36, name: small.mydomain.net}\n",
        "routed.yaml");
    std::vector<std::string> warnings;
    sim::World world(scenario, warnings);
    return world.run(1, 0, {.packets = true});
  };
  const auto plain = in("-P FORWARD ACCEPT");
  CHECK(results(plain.lookups[0]) == Words{"udp answered"});
  CHECK(plain.lookups[0].duration > 4ms);
  std::size_t at_server = 0;
  for (const PacketEvent& event : plain.packets) {
    if (event.host != 1 || event.direction != Direction::in) continue;
    CHECK(kernel::decode_ipv6(event.bytes)->header.hop_limit == 63);
    ++at_server;
  }
  CHECK(at_server == 2);
  CHECK(results(in("-A FORWARD -i lan0 -o lan1 -p udp -j DROP").lookups[0]).front() == "udp timeout");
  CHECK(results(in("-A FORWARD -p udp -j REJECT").lookups[0]).front() == "udp ICMP error");
  const auto tracked =
      in("-A FORWARD -m state --state NEW -i lan0 -j ACCEPT\\n-A FORWARD -m state --state "
         "ESTABLISHED -j ACCEPT\\n-P FORWARD DROP");
  CHECK(results(tracked.lookups[0]) == Words{"udp answered"});
  CHECK(results(in("-P FORWARD ACCEPT", "0").lookups[0]).front() == "udp timeout");
}

TEST_CASE("The same seed gives the same IPv6 packets, another seed other flow labels", "[sim][ipv6]") {
  const auto scenario = scenario_of({});
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  const auto first = world.run(1, 0, {.packets = true});
  const auto other = world.run(2, 0, {.packets = true});
  const auto again = world.run(1, 0, {.packets = true});
  CHECK(first.packets == again.packets);
  CHECK(first.lookups == again.lookups);
  CHECK(first.packets != other.packets);
  const auto label = [](const RunResult& result) { return sent_by_vm(result).front().header.flow_label; };
  CHECK(label(first) != label(other));
}
