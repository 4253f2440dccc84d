// What each fault does to musl's getaddrinfo. The figures in the comments were measured on real hosts.
#include <catch2/catch.hpp>

#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const std::string tcp_at_hypervisor = "iptables -A INPUT -p tcp --dport 53 -j ";
const std::string udp_at_hypervisor = "iptables -A INPUT -p udp --dport 53 -j ";

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("musl 1.2.3 takes the 29 addresses of the truncated answer, whatever happens to TCP", "[sim]") {
  for (const auto& rules : {std::string(), tcp_at_hypervisor + "DROP"}) {
    const Lookup lookup = look_up({.hypervisor_rules = rules, .client = "musl-1.2.3"});
    CHECK(lookup.outcome == Outcome::answered);
    CHECK(lookup.addresses == 29);
    CHECK(results(lookup) == Words{"udp truncated"});
    CHECK(lookup.attempts[0].bytes == 497);
    CHECK(lookup.attempts[0].sends.size() == 2);
    CHECK(lookup.duration < 5ms);  // 2.6 to 3.2 ms under strace
  }
}

TEST_CASE("musl 1.2.4 asks again over TCP, and finds nothing in an answer of more than 63 records", "[sim]") {
  const Lookup lookup = look_up({.client = "musl-1.2.4"});
  CHECK(lookup.error == "EAI_NODATA");
  CHECK(results(lookup) == Words{"udp truncated", "tcp answered"});
  CHECK(lookup.attempts[1].bytes == 4113);
}

TEST_CASE("musl 1.2.5 takes the first 48 of 255 addresses", "[sim]") {
  const Lookup lookup = look_up({.client = "musl-1.2.5"});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 48);
}

TEST_CASE("musl 1.2.4 with TCP dropped fails after its 5 s, refused by a reset at once", "[sim]") {
  const Lookup dropped =
      look_up({.hypervisor_rules = tcp_at_hypervisor + "DROP", .client = "musl-1.2.4", .syn_retries = 6});
  CHECK(dropped.error == "EAI_AGAIN");
  CHECK(results(dropped) == Words{"udp truncated", "tcp timeout"});
  CHECK(dropped.duration > 5s);  // 5.009 s
  CHECK(dropped.duration < 5020ms);

  const Lookup reset = look_up(
      {.hypervisor_rules = tcp_at_hypervisor + "REJECT --reject-with tcp-reset", .client = "musl-1.2.4"});
  CHECK(reset.error == "EAI_AGAIN");
  CHECK(results(reset) == Words{"udp truncated", "tcp connect ECONNREFUSED"});
  CHECK(reset.duration < 10ms);
}

TEST_CASE("UDP dropped costs musl two tries of 2.5 s; an ICMP error is not heard and costs as much",
          "[sim]") {
  for (const auto* verdict : {"DROP", "REJECT"}) {
    const Lookup lookup = look_up({.name = "small.mydomain.net",
                                   .hypervisor_rules = udp_at_hypervisor + verdict,
                                   .client = "musl-1.2.3"});
    CHECK(lookup.error == "EAI_AGAIN");
    CHECK(results(lookup) == Words{"udp timeout", "udp timeout"});
    CHECK(lookup.duration > 5s);  // 5.012 s and 5.010 s
    CHECK(lookup.duration < 5020ms);
  }
}

TEST_CASE("musl asks all name servers at once, so that a dead one costs nothing", "[sim]") {
  const Lookup lookup =
      look_up({.name = "small.mydomain.net",
               .hypervisor_rules = "iptables -A INPUT -d 192.168.122.1 -p udp --dport 53 -j DROP",
               .resolv_conf = "nameserver 192.168.122.1\\nnameserver 192.168.122.2",
               .client = "musl-1.2.3"});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(results(lookup) == Words{"udp no answer", "udp answered"});
  CHECK(lookup.duration < 5ms);  // 2.5 ms
}

TEST_CASE("A refusal is no answer to musl: it asks again after 2.5 s and fails after 5", "[sim]") {
  const Lookup lookup = look_up({.name = "www.example.org", .client = "musl-1.2.3"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(lookup.duration > 5s);  // 5.007 s
  CHECK(lookup.duration < 5020ms);
}

TEST_CASE("musl tries the search list only for names with fewer dots than ndots", "[sim]") {
  const std::string conf = "nameserver 192.168.122.1\\nsearch lab.mydomain.net mydomain.net";
  const auto found =
      simulate({.name = "small", .resolv_conf = conf, .client = "musl-1.2.3"}, {.syscalls = true});
  CHECK(found.lookups[0].addresses == 3);
  CHECK(count(found.syscalls[0], "sendto(") == 4);  // small.lab.mydomain.net, small.mydomain.net

  const auto unknown = simulate({.name = "nobody.mydomain.net", .resolv_conf = conf, .client = "musl-1.2.3"},
                                {.syscalls = true});
  CHECK(unknown.lookups[0].error == "EAI_NONAME");
  CHECK(count(unknown.syscalls[0], "sendto(") == 2);
}

TEST_CASE("musl allows ten attempts, glibc five", "[sim]") {
  const auto ask = [](const std::string& client) {
    return look_up({.name = "small.mydomain.net",
                    .hypervisor_rules = udp_at_hypervisor + "DROP",
                    .resolv_conf = "nameserver 192.168.122.1\\noptions timeout:1 attempts:11",
                    .client = client});
  };
  CHECK(ask("musl-1.2.3").attempts.size() == 10);
  CHECK(ask("glibc-2.36").attempts.size() == 5);
}

TEST_CASE("timeout:1 attempts:3 sends three rounds in a second; attempts:0 is a division by zero", "[sim]") {
  const Lookup three = look_up({.name = "small.mydomain.net",
                                .hypervisor_rules = udp_at_hypervisor + "DROP",
                                .resolv_conf = "nameserver 192.168.122.1\\noptions timeout:1 attempts:3",
                                .client = "musl-1.2.3"});
  CHECK(three.attempts.size() == 3);
  CHECK(three.duration > 1s);  // 1.004 to 1.016 s
  CHECK(three.duration < 1020ms);

  const Lookup none = look_up({.name = "small.mydomain.net",
                               .resolv_conf = "nameserver 192.168.122.1\\noptions attempts:0",
                               .client = "musl-1.2.3"});
  CHECK(none.error == "SIGFPE");  // the real program dies of it
}
