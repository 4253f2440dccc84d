// What each fault does to dns.resolver.resolve() of dnspython 2.3. The figures were measured on real hosts.
#include <catch2/catch.hpp>

#include "models/resolvers/dnspython_config.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;
using namespace hanglab::resolvers::dnspython;

namespace {

const std::string udp = "iptables -A INPUT -p udp --dport 53 -j ";
const std::string tcp = "iptables -A INPUT -p tcp --dport 53 -j ";
const std::string one_server = "nameserver 192.168.122.1\\n";
const std::string two_servers = one_server + "nameserver 192.168.122.2\\n";

Small dnspython(Small small) {
  small.client = "dnspython-2.3";
  small.family = small.family == "unspec" ? "inet" : small.family;
  return small;
}

Small asking_small(Small small) {
  small.name = "small.mydomain.net";
  return dnspython(small);
}

// To the next 50 ms.
std::vector<int> starts_ms(const Lookup& lookup) {
  std::vector<int> starts;
  for (const Attempt& attempt : lookup.attempts)
    starts.push_back(static_cast<int>((attempt.start + 25ms) / 50ms) * 50);
  return starts;
}

// So long for waits and pauses, and up to 15 ms for Python itself.
void check_took(const Lookup& lookup, Duration waits) {
  CAPTURE(to_seconds(lookup.duration));
  CHECK(lookup.duration >= waits);
  CHECK(lookup.duration <= waits + 15ms);
}

using Results = std::vector<std::string>;
using Starts = std::vector<int>;

}  // namespace

TEST_CASE("dnspython asks for one type, without EDNS, and takes 2 ms", "[sim]") {
  const Lookup lookup = look_up(asking_small({}));
  CHECK(lookup.call == "resolve");
  CHECK(lookup.addresses == 3);
  CHECK(results_by_server(lookup) == Results{"udp .1 answered"});
  CHECK(lookup.attempts[0].bytes == 84);  // 12 of the header, 24 of the question, 16 a record
  check_took(lookup, 0ms);
}

TEST_CASE("dnspython takes 255 addresses over TCP after an answer cut at 512 octets", "[sim]") {
  const auto run = simulate(dnspython({}), {.packets = true, .syscalls = true});
  const Lookup& lookup = run.lookups.at(0);
  CHECK(lookup.addresses == 255);
  CHECK(results_by_server(lookup) == Results{"udp .1 truncated", "tcp .1 answered"});
  CHECK(lookup.duration > 9ms);  // Python reads 29 records, then 255
  CHECK(lookup.duration < 16ms);
  // The length by itself, then the message.
  CHECK(run.syscalls.at(0).find(", 4113") != std::string::npos);
}

TEST_CASE("With the family inet6 dnspython asks for AAAA, and no data is an error", "[sim]") {
  const Lookup lookup = look_up(asking_small({.family = "inet6"}));
  CHECK(lookup.outcome == Outcome::failed);
  CHECK(lookup.error == "NoAnswer");
}

TEST_CASE("UDP that nobody answers is asked three times in 5 s, and ends after the next pause: 5.4 s",
          "[sim]") {
  const Lookup lookup = look_up(asking_small({.hypervisor_rules = udp + "DROP"}));
  CHECK(lookup.error == "LifetimeTimeout");
  CHECK(results_by_server(lookup) == Results(3, "udp .1 timeout"));
  CHECK(starts_ms(lookup) == Starts{0, 2100, 4300});
  check_took(lookup, 5400ms);
}

TEST_CASE("No ICMP error reaches an unconnected UDP socket", "[sim]") {
  for (const char* with : {"icmp-port-unreachable", "icmp-admin-prohibited"}) {
    const Lookup lookup = look_up(asking_small({.hypervisor_rules = udp + "REJECT --reject-with " + with}));
    CHECK(lookup.error == "LifetimeTimeout");
    check_took(lookup, 5400ms);
  }
}

TEST_CASE("A server that the own firewall keeps from is no good: it ends at once", "[sim]") {
  const Lookup lookup = look_up(asking_small({.vm_rules = "iptables -A OUTPUT -p udp --dport 53 -j DROP"}));
  CHECK(lookup.error == "NoNameservers");
  check_took(lookup, 0ms);
}

TEST_CASE("TCP gets 2 s as a whole; then dnspython asks over UDP again", "[sim]") {
  const std::string no_data = "iptables -A OUTPUT -p tcp --sport 53 -m length --length 61: -j DROP";
  for (const std::string& rules : {tcp + "DROP", no_data}) {
    INFO(rules);
    const Lookup lookup = look_up(dnspython({.hypervisor_rules = rules}));
    CHECK(lookup.error == "LifetimeTimeout");
    CHECK(results_by_server(lookup) == Results{"udp .1 truncated", "tcp .1 timeout", "udp .1 truncated",
                                               "tcp .1 timeout", "udp .1 truncated", "tcp .1 timeout"});
    CHECK(starts_ms(lookup) == Starts{0, 0, 2100, 2100, 4300, 4300});
    check_took(lookup, 5400ms);
  }
}

TEST_CASE("TCP refused makes the server no good", "[sim]") {
  const Lookup lookup = look_up(dnspython({.hypervisor_rules = tcp + "REJECT --reject-with tcp-reset"}));
  CHECK(lookup.error == "NoNameservers");
  CHECK(results_by_server(lookup).size() == 2);
  check_took(lookup, 0ms);
}

TEST_CASE("NXDOMAIN ends a lookup, any other status asks the next server", "[sim]") {
  const Lookup unknown = look_up(dnspython({.name = "nope.mydomain.net", .resolv_conf = two_servers}));
  CHECK(unknown.error == "NXDOMAIN");
  CHECK(results_by_server(unknown) == Results{"udp .1 NXDOMAIN"});
  const Lookup refused = look_up(dnspython({.name = "example.com", .resolv_conf = two_servers}));
  CHECK(refused.error == "NoNameservers");
  CHECK(results_by_server(refused) == Results{"udp .1 REFUSED", "udp .2 REFUSED"});
}

TEST_CASE("The search list is not used", "[sim]") {
  const Lookup lookup =
      look_up(dnspython({.name = "small", .resolv_conf = one_server + "search mydomain.net\\n"}));
  CHECK(lookup.error == "NoNameservers");
  CHECK(results_by_server(lookup) == Results{"udp .1 REFUSED"});
}

TEST_CASE("A dead first server costs 2 s", "[sim]") {
  const Lookup lookup = look_up(asking_small(
      {.hypervisor_rules = "iptables -A INPUT -d 192.168.122.1 -j DROP", .resolv_conf = two_servers}));
  CHECK(results_by_server(lookup) == Results{"udp .1 timeout", "udp .2 answered"});
  check_took(lookup, 2s);
}

TEST_CASE("With two servers the lifetime ends between them, without another pause: 5.0 s", "[sim]") {
  const Lookup lookup = look_up(asking_small({.hypervisor_rules = udp + "DROP", .resolv_conf = two_servers}));
  CHECK(lookup.error == "LifetimeTimeout");
  CHECK(results_by_server(lookup) == Results{"udp .1 timeout", "udp .2 timeout", "udp .1 timeout"});
  check_took(lookup, 5s);
}

TEST_CASE("A timeout of 1 s makes four rounds, with pauses that double: 5.5 s", "[sim]") {
  const Lookup lookup = look_up(asking_small(
      {.hypervisor_rules = udp + "DROP", .resolv_conf = one_server + "options timeout:1 attempts:1\\n"}));
  CHECK(starts_ms(lookup) == Starts{0, 1100, 2300, 3700});
  check_took(lookup, 5500ms);
}

TEST_CASE("What is no address is tried in each round, pauses and all: 5.1 s", "[sim]") {
  const Lookup lookup = look_up(asking_small({.resolv_conf = "nameserver 127.1\\n"}));
  CHECK(lookup.error == "LifetimeTimeout");
  CHECK(lookup.attempts.empty());
  check_took(lookup, 5100ms);
}

TEST_CASE("rotate shuffles the servers anew for each lookup", "[sim]") {
  const auto scenario = small_scenario(asking_small({.resolv_conf = two_servers + "options rotate\\n"}));
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  int second_first = 0;
  for (std::uint64_t number = 0; number < 20; ++number)
    if (results_by_server(world.run(1, number, {}).lookups.at(0)) == Results{"udp .2 answered"})
      ++second_first;
  CHECK(second_first > 2);
  CHECK(second_first < 18);
}

TEST_CASE("dnspython reads resolv.conf in its own way", "[sim]") {
  const auto plain = read_config("nameserver 192.168.122.1\nsearch a b\noptions ndots:2 attempts:9\n");
  CHECK(plain.nameservers == std::vector<Nameserver>{{.address = Ipv4Address{0xc0a87a01}}});
  CHECK(plain.timeout == 2s);
  CHECK_FALSE(plain.edns0);
  CHECK_FALSE(plain.rotate);

  CHECK(read_config("").nameservers.empty());
  CHECK(read_config("#nameserver 1.1.1.1\n;nameserver 1.1.1.1\nnameserver\n").nameservers.empty());
  CHECK(read_config(" nameserver 1.1.1.1 2.2.2.2 # comment\n").nameservers.size() == 1);
  const auto many = read_config("nameserver 1.1.1.1\nnameserver ::1\nnameserver x\nnameserver 4.4.4.4");
  REQUIRE(many.nameservers.size() == 4);
  CHECK(many.nameservers[1].kind == Nameserver::Kind::ipv6);
  CHECK(many.nameservers[2].kind == Nameserver::Kind::no_address);

  const auto options = read_config("options rotate edns0 timeout:7\n");
  CHECK(options.rotate);
  CHECK(options.edns0);
  CHECK(options.timeout == 7s);
  CHECK(read_config("options my-timeout:+3:4").timeout == 3s);
  CHECK(read_config("options timeout:-1").timeout == -1s);
  for (const char* ignored : {"options timeout", "options timeout:", "options timeout:5s",
                              "options timeout=5", "options EDNS0 timeout:+-5"})
    CHECK(read_config(ignored).timeout == 2s);
}
