// What each fault does to glibc's getaddrinfo. The figures in the comments were measured on real hosts.
#include <catch2/catch.hpp>

#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const std::string tcp_at_hypervisor = "iptables -A INPUT -p tcp --dport 53 -j ";
const std::string tcp_at_vm = "iptables -A OUTPUT -p tcp --dport 53 -j ";

}  // namespace

TEST_CASE("Without a fault, 255 addresses take five rounds of UDP and TCP and some 20 ms", "[sim]") {
  const Lookup lookup = look_up({});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 255);
  CHECK(lookup.duration > 5ms);
  CHECK(lookup.duration < 40ms);
  REQUIRE(lookup.attempts.size() == 10);
  CHECK(lookup.attempts[0].result == "truncated");
  CHECK(lookup.attempts[0].bytes == 497);
  CHECK(lookup.attempts[0].full_bytes == 4113);
  CHECK(lookup.attempts[1].result == "answered");
  CHECK(lookup.attempts[1].bytes == 4113);
  CHECK(lookup.attempts[1].syns == 1);
}

TEST_CASE("Three addresses take one UDP exchange of some 1 ms", "[sim]") {
  const Lookup lookup = look_up({.name = "small.mydomain.net"});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 3);
  CHECK(results(lookup) == std::vector<std::string>{"udp answered"});
  CHECK(lookup.duration < 5ms);
}

TEST_CASE("A name that does not exist is EAI_NONAME at once", "[sim]") {
  const Lookup lookup = look_up({.name = "nobody.mydomain.net"});
  CHECK(lookup.error == "EAI_NONAME");
  CHECK(results(lookup) == std::vector<std::string>{"udp NXDOMAIN"});
  CHECK(lookup.duration < 5ms);
}

TEST_CASE("TCP dropped at the server or in the own OUTPUT chain hangs until the SYNs are used up", "[sim]") {
  for (const Small& small :
       {Small{.hypervisor_rules = tcp_at_hypervisor + "DROP"}, Small{.vm_rules = tcp_at_vm + "DROP"}}) {
    const Lookup lookup = look_up(small);
    CHECK(lookup.error == "EAI_AGAIN");
    CHECK(results(lookup) == std::vector<std::string>{"udp truncated", "tcp connect ETIMEDOUT"});
    CHECK(lookup.attempts.back().syns == 2);
    CHECK(lookup.duration > 3s);  // 3.008 to 3.072 s with tcp_syn_retries=1
    CHECK(lookup.duration < 3100ms);
  }
}

TEST_CASE("With myhostname after dns the same hang ends in EAI_NONAME", "[sim]") {
  CHECK(look_up({.vm_rules = tcp_at_vm + "DROP", .hosts_order = "hosts: files dns myhostname"}).error ==
        "EAI_NONAME");
}

TEST_CASE("TCP refused by a reset fails within milliseconds", "[sim]") {
  for (const Small& small : {Small{.hypervisor_rules = tcp_at_hypervisor + "REJECT --reject-with tcp-reset"},
                             Small{.vm_rules = tcp_at_vm + "REJECT --reject-with tcp-reset"}}) {
    const Lookup lookup = look_up(small);
    CHECK(results(lookup) == std::vector<std::string>{"udp truncated", "tcp connect ECONNREFUSED"});
    CHECK(lookup.error == "EAI_AGAIN");
    CHECK(lookup.duration < 10ms);
  }
}

TEST_CASE("An ICMP error that comes back while connect() holds the socket costs a second", "[sim]") {
  // Measured over a veth pair, and for a rule in the own OUTPUT chain: 1.006 to 1.036 s.
  for (const Small& small : {Small{.hypervisor_rules = tcp_at_hypervisor + "REJECT", .delay = "3us"},
                             Small{.vm_rules = tcp_at_vm + "REJECT"}}) {
    const Lookup lookup = look_up(small);
    CHECK(results(lookup) == std::vector<std::string>{"udp truncated", "tcp connect ECONNREFUSED"});
    CHECK(lookup.attempts.back().syns == 2);
    CHECK(lookup.duration > 1s);
    CHECK(lookup.duration < 1050ms);
  }
}

TEST_CASE("An ICMP error that comes back later ends connect() at once", "[sim]") {
  // Measured through a router that answered after 30 us and after 5 ms.
  const Lookup lookup = look_up({.hypervisor_rules = tcp_at_hypervisor + "REJECT", .delay = "100us"});
  CHECK(results(lookup) == std::vector<std::string>{"udp truncated", "tcp connect ECONNREFUSED"});
  CHECK(lookup.duration < 10ms);
}

TEST_CASE("UDP dropped at the server costs two tries of 5 s", "[sim]") {
  const Lookup lookup = look_up(
      {.name = "small.mydomain.net", .hypervisor_rules = "iptables -A INPUT -p udp --dport 53 -j DROP"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(results(lookup) == std::vector<std::string>{"udp timeout", "udp timeout"});
  CHECK(lookup.duration > 10s);  // 10.01 to 10.02 s
  CHECK(lookup.duration < 10050ms);
}

TEST_CASE("UDP dropped in the own OUTPUT chain is EPERM to the sender, not silence", "[sim]") {
  const Lookup lookup =
      look_up({.name = "small.mydomain.net", .vm_rules = "iptables -A OUTPUT -p udp --dport 53 -j DROP"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(results(lookup) == std::vector<std::string>{"udp send EPERM", "udp send EPERM"});
  CHECK(lookup.duration < 10ms);  // 0.6 to 1.2 ms
}

TEST_CASE("With two name servers and the first one dead, the second answers after 5 s", "[sim]") {
  const Lookup lookup =
      look_up({.name = "small.mydomain.net",
               .hypervisor_rules = "iptables -A INPUT -d 192.168.122.1 -p udp --dport 53 -j DROP",
               .resolv_conf = "nameserver 192.168.122.1\\nnameserver 192.168.122.2"});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(results(lookup) == std::vector<std::string>{"udp timeout", "udp answered"});
  CHECK(lookup.duration > 5s);  // 5.005 s
  CHECK(lookup.duration < 5020ms);
}

TEST_CASE("TCP that connects and then goes quiet hangs for ever: the lookup is censored", "[sim]") {
  const Lookup lookup =
      look_up({.hypervisor_rules = "iptables -A OUTPUT -p tcp --sport 53 -m length --length 61: -j DROP"});
  CHECK(lookup.outcome == Outcome::hung);
  CHECK(lookup.censored);
  CHECK(lookup.duration == 60s);
  CHECK(lookup.error.empty());
  CHECK(results(lookup) == std::vector<std::string>{"udp truncated", "tcp no answer"});
}

TEST_CASE("use-vc asks over TCP alone", "[sim]") {
  const Lookup lookup =
      look_up({.name = "small.mydomain.net", .resolv_conf = "nameserver 192.168.122.1\\noptions use-vc"});
  CHECK(results(lookup) == std::vector<std::string>{"tcp answered"});
}

TEST_CASE("timeout:1 attempts:3 costs 3 s instead of 10", "[sim]") {
  const Lookup lookup = look_up({.name = "small.mydomain.net",
                                 .hypervisor_rules = "iptables -A INPUT -p udp --dport 53 -j DROP",
                                 .resolv_conf = "nameserver 192.168.122.1\\noptions timeout:1 attempts:3"});
  CHECK(lookup.attempts.size() == 3);
  CHECK(lookup.duration > 3s);
  CHECK(lookup.duration < 3020ms);
}

TEST_CASE("A name that nobody has is asked for in each domain of the search list, then as it is", "[sim]") {
  const Lookup lookup = look_up({.name = "nothing.mydomain.net",
                                 .resolv_conf = "nameserver 192.168.122.1\\nsearch a.mydomain.net "
                                                "b.mydomain.net mydomain.net\\noptions ndots:5"});
  CHECK(lookup.error == "EAI_NONAME");
  CHECK(results(lookup) == std::vector<std::string>(4, "udp NXDOMAIN"));
}

TEST_CASE("The calls are those of strace: two queries in one sendmmsg, five seconds of poll, one TCP connect",
          "[sim]") {
  const auto result = simulate({.vm_rules = tcp_at_vm + "DROP"}, {.syscalls = true});
  const std::string& trace = result.syscalls.at(0);
  std::vector<std::string> calls;
  for (std::size_t at = 0; at < trace.size(); at = trace.find('\n', at) + 1) {
    const auto begin = trace.find_first_not_of(' ', at + 4);
    calls.push_back(trace.substr(begin, trace.find('(', begin) - begin));
  }
  CHECK(calls == std::vector<std::string>{"socket", "setsockopt", "connect", "poll", "sendmmsg", "poll",
                                          "ioctl", "recvfrom", "close", "socket", "connect", "close"});
  CHECK(trace.find("connect(4, {sa_family=AF_INET, sin_port=htons(53)") ==
        std::string::npos);  // descriptor 3 is free again
  CHECK(trace.find("= -1 ETIMEDOUT (Connection timed out) <3.0") != std::string::npos);
}
