// What each fault does to dig 9.18, as a whole run of the program. The figures were measured on real hosts.
#include <catch2/catch.hpp>

#include "models/resolvers/dig_resolv_conf.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;
using resolvers::dig::read_resolv_conf;

namespace {

const std::string drop_udp = "iptables -A INPUT -p udp --dport 53 -j DROP";
const std::string drop_udp_to_first = "iptables -A INPUT -d 192.168.122.1 -p udp --dport 53 -j DROP";
const std::string drop_all_to_first = "iptables -A INPUT -d 192.168.122.1 -j DROP";
const std::string tcp = "iptables -A INPUT -p tcp --dport 53 -j ";
const std::string two_servers = "nameserver 192.168.122.1\\nnameserver 192.168.122.2";

constexpr Duration own_time = 55ms;  // its start and its end

Small dig(Small small) {
  small.client = "dig-9.18";
  small.syn_retries = 6;  // Linux' own, so that dig gives up first
  return small;
}

// It took `network` for the network and what dig itself takes, and up to 0.2 % more.
void check_took(const Lookup& lookup, Duration network) {
  CAPTURE(to_seconds(lookup.duration));
  CHECK(lookup.duration >= network + own_time - 10ms);
  CHECK(lookup.duration <= network + own_time + 10ms + network / 500);
}

using Results = std::vector<std::string>;

}  // namespace

TEST_CASE("dig asks with EDNS of 1232 octets and a cookie, and takes some 50 ms for three addresses",
          "[sim]") {
  const auto run = simulate(dig({.name = "small.mydomain.net"}), {.packets = true, .syscalls = true});
  const Lookup& lookup = run.lookups.at(0);
  CHECK(lookup.call == "dig");
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 3);
  CHECK(results_by_server(lookup) == Results{"udp .1 answered"});
  CHECK(lookup.attempts[0].bytes == 95);
  CHECK(lookup.attempts[0].start > 30ms);
  check_took(lookup, 0ms);
  // 12 of the header, 24 of the question, 11 + 12 of the OPT record
  CHECK(run.syscalls.at(0).find("iov_len=59}], msg_iovlen=1") != std::string::npos);
}

TEST_CASE("dig takes 255 addresses over TCP after a truncated answer of 74", "[sim]") {
  const Lookup lookup = look_up(dig({}));
  CHECK(lookup.addresses == 255);
  CHECK(results_by_server(lookup) == Results{"udp .1 truncated", "tcp .1 answered"});
  CHECK(lookup.attempts[0].bytes == 1228);
  CHECK(lookup.attempts[1].bytes == 4124);
  check_took(lookup, 5ms);
}

TEST_CASE("With the family inet6 dig asks for AAAA alone, and no data is an answer without addresses",
          "[sim]") {
  const Lookup lookup = look_up(dig({.name = "small.mydomain.net", .family = "inet6"}));
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 0);
  CHECK(lookup.attempts.at(0).bytes == 47);
}

TEST_CASE("dig reports any status as it is, and asks no second server", "[sim]") {
  for (const auto& [name, status] : {std::pair{"nope.mydomain.net", "NXDOMAIN"},
                                     std::pair{"example.com", "REFUSED"}, std::pair{"small", "REFUSED"}}) {
    const Lookup lookup = look_up(dig({.name = name, .resolv_conf = two_servers + "\\nsearch mydomain.net"}));
    CHECK(lookup.outcome == Outcome::failed);
    CHECK(lookup.error == status);
    CHECK(results_by_server(lookup) == Results{fmt::format("udp .1 {}", status)});
  }
}

TEST_CASE("Over UDP dig waits 5 s three times: 15.1 s", "[sim]") {
  const Lookup lookup = look_up(dig({.name = "small.mydomain.net", .hypervisor_rules = drop_udp}));
  CHECK(lookup.error == "timed out");
  CHECK(results_by_server(lookup) == Results(3, "udp .1 timeout"));
  check_took(lookup, 15s);
}

TEST_CASE("A datagram that the own firewall refuses costs dig the same 15 s", "[sim]") {
  const Lookup lookup = look_up(
      dig({.name = "small.mydomain.net", .vm_rules = "iptables -A OUTPUT -p udp --dport 53 -j DROP"}));
  CHECK(lookup.error == "timed out");
  check_took(lookup, 15s);
}

TEST_CASE("UDP refused by ICMP ends dig at once if the error is final, else it waits", "[sim]") {
  struct Case {
    const char* with;
    const char* error;
    Duration network;
  };
  for (const Case& c : {Case{"icmp-port-unreachable", "connection refused", 0s},
                        Case{"icmp-admin-prohibited", "host unreachable", 0s},
                        Case{"icmp-host-unreachable", "timed out", 15s}}) {
    INFO(c.with);
    const Lookup lookup =
        look_up(dig({.name = "small.mydomain.net",
                     .hypervisor_rules = fmt::format(
                         "iptables -A INPUT -p udp --dport 53 -j REJECT --reject-with {}", c.with)}));
    CHECK(lookup.error == c.error);
    CHECK(lookup.attempts.size() == 3);
    check_took(lookup, c.network);
  }
}

TEST_CASE("A TCP connection gets 10.01 s three times: 30.2 s", "[sim]") {
  const Lookup lookup = look_up(dig({.hypervisor_rules = tcp + "DROP"}));
  CHECK(lookup.error == "timed out");
  CHECK(results_by_server(lookup) ==
        Results{"udp .1 truncated", "tcp .1 timeout", "tcp .1 timeout", "tcp .1 timeout"});
  check_took(lookup, 30030ms);
}

TEST_CASE("A kernel that gives up its SYNs sooner ends the try", "[sim]") {
  Small small = dig({.hypervisor_rules = tcp + "DROP"});
  small.syn_retries = 1;  // 1 + 2 s, and the timer wheel's part
  const Lookup lookup = look_up(small);
  CHECK(lookup.error == "timed out");
  CHECK(results_by_server(lookup).back() == "tcp .1 connect ETIMEDOUT");
  check_took(lookup, 9096ms);
}

TEST_CASE("A server that takes the connection and says nothing gets 10 s three times", "[sim]") {
  const Lookup lookup = look_up(
      dig({.hypervisor_rules = "iptables -A OUTPUT -p tcp --sport 53 -m length --length 61: -j DROP"}));
  CHECK(lookup.error == "timed out");
  CHECK(lookup.attempts.size() == 4);
  check_took(lookup, 30s);
}

TEST_CASE("TCP refused by RST ends dig after three tries at once", "[sim]") {
  const Lookup lookup = look_up(dig({.hypervisor_rules = tcp + "REJECT --reject-with tcp-reset"}));
  CHECK(lookup.error == "connection refused");
  CHECK(lookup.attempts.size() == 4);
  check_took(lookup, 0s);
}

TEST_CASE("The first of two servers uses all tries but one; the other is asked with the last", "[sim]") {
  const Lookup one = look_up(
      dig({.name = "small.mydomain.net", .hypervisor_rules = drop_udp_to_first, .resolv_conf = two_servers}));
  CHECK(one.outcome == Outcome::answered);
  CHECK(results_by_server(one) ==
        Results{"udp .1 timeout", "udp .1 timeout", "udp .1 timeout", "udp .2 answered"});
  check_took(one, 15s);
  const Lookup both =
      look_up(dig({.name = "small.mydomain.net", .hypervisor_rules = drop_udp, .resolv_conf = two_servers}));
  CHECK(both.error == "timed out");
  check_took(both, 20s);
}

TEST_CASE("TCP begins at the first server, whoever sent the truncated answer", "[sim]") {
  const Lookup udp_dead = look_up(dig({.hypervisor_rules = drop_udp_to_first, .resolv_conf = two_servers}));
  CHECK(results_by_server(udp_dead) ==
        Results{"udp .1 timeout", "udp .1 timeout", "udp .1 timeout", "udp .2 truncated", "tcp .1 answered"});
  const Lookup all_dead = look_up(dig({.hypervisor_rules = drop_all_to_first, .resolv_conf = two_servers}));
  CHECK(results_by_server(all_dead) == Results{"udp .1 timeout", "udp .1 timeout", "udp .1 timeout",
                                               "udp .2 truncated", "tcp .1 timeout", "tcp .2 answered"});
  CHECK(all_dead.addresses == 255);
  check_took(all_dead, 25010ms);
}

TEST_CASE("A timeout in resolv.conf is one for UDP and TCP, and attempts are tries", "[sim]") {
  const std::string options = "nameserver 192.168.122.1\\noptions timeout:1 attempts:2";
  const Lookup udp =
      look_up(dig({.name = "small.mydomain.net", .hypervisor_rules = drop_udp, .resolv_conf = options}));
  CHECK(udp.attempts.size() == 2);
  check_took(udp, 2s);
  const Lookup over_tcp = look_up(dig({.hypervisor_rules = tcp + "DROP", .resolv_conf = options}));
  CHECK(over_tcp.attempts.size() == 3);
  check_took(over_tcp, 2020ms);
}

TEST_CASE("dig reads resolv.conf in its own way", "[sim]") {
  const auto plain = read_resolv_conf("nameserver 192.168.122.1\nsearch a b\noptions use-vc ndots:2\n");
  REQUIRE(plain);
  CHECK(plain->servers == std::vector<IpAddress>{Ipv4Address{0xc0a87a01}});
  CHECK_FALSE(plain->timeout);
  CHECK(plain->attempts == 3);

  CHECK(read_resolv_conf("")->servers == std::vector<IpAddress>{Ipv4Address{0x7f000001}});
  CHECK(read_resolv_conf("  nameserver 0.0.0.0 # a comment\n")->servers ==
        std::vector<IpAddress>{Ipv4Address{0x7f000001}});
  CHECK(read_resolv_conf("nameserver 1.1.1.1\nnameserver ::1\nnameserver 2.2.2.2\nnameserver x")
            ->servers.size() == 3);
  CHECK(read_resolv_conf("options timeout:60 attempts:9")->timeout == 60s);
  CHECK(read_resolv_conf("options timeout:60 attempts:9")->attempts == 9);
  CHECK(read_resolv_conf("options timeout:0 attempts:0 timeout:")->attempts == 3);

  for (const char* refused : {"nameserver", "nameserver x", "nameserver 1.1.1.1 2.2.2.2", "options", "search",
                              "options timeout:5s", "options attempts:256", "domain a b"})
    CHECK_FALSE(read_resolv_conf(refused));
}
