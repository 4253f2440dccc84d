// The same lookups against unbound and BIND as tests/sim/small_world.hh makes against dnsmasq. What the
// comments call measured was: Debian 12's unbound 1.17.1 and named 9.18.49 in one network namespace, Python's
// socket.getaddrinfo in another, joined by a veth pair.
#include <catch2/catch.hpp>

#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const std::string unbound =
    "software: unbound 1.17\n"
    "        config: |\n"
    "          server:\n"
    "            access-control: 0.0.0.0/0 allow\n"
    "            local-zone: . refuse\n"
    "            local-zone: mydomain.net. static\n";

// As a template: what more the options say.
std::string bind(const std::string& more) {
  return "software: bind 9.18\n"
         "        config: |\n"
         "          options { recursion no; dnssec-validation no; " +
         more +
         " };\n"
         "          zone mydomain.net { type primary; file db; };\n"
         "        zones:\n"
         "          db: |\n"
         "            $TTL 60\n"
         "            @ SOA ns admin 1 7200 900 1209600 300\n"
         "            @ NS ns\n"
         "            ns A 192.168.122.1\n"
         "            $INCLUDE addn-hosts\n";
}

const std::string many = "max-records-per-type 0;";
const std::string drop = "iptables -A OUTPUT -p tcp --dport 53 -j DROP";

std::string server_lines(const std::string& server) {
  std::string lines = server + "        addn-hosts: |\n";
  for (int i = 1; i < 256; ++i) lines += fmt::format("          10.0.0.{} me.mydomain.net\n", i);
  for (int i = 1; i < 4; ++i) lines += fmt::format("          10.0.9.{} small.mydomain.net\n", i);
  return lines;
}

struct Case {
  std::string server;
  std::string name = "me.mydomain.net";
  std::string options{};
  std::string rules{};
  std::string server_rules{};
  std::string lookups = "{host: vm, client: glibc-2.36, name: ";
};

RunResult run(const Case& one, const RunOptions& options = {}) {
  const auto iptables = [](const std::string& rules) {
    return rules.empty() ? "" : "    iptables: \"" + rules + "\"\n";
  };
  const auto scenario = scenario::parse(
      "hosts:\n"
      "  hypervisor:\n"
      "    interfaces: {virbr0: {address: 192.168.122.1/24}}\n" +
          iptables(one.server_rules) +
          "    dns:\n"
          "      - " +
          server_lines(one.server) +
          "  vm:\n"
          "    interfaces: {eth0: {address: 192.168.122.119/24}}\n"
          "    sysctls: {net.ipv4.tcp_syn_retries: 1}\n"
          "    resolv.conf: \"nameserver 192.168.122.1\\noptions " +
          (one.options.empty() ? "ndots:1" : one.options) + "\"\n" + iptables(one.rules) +
          "links:\n  - {from: vm.eth0, to: hypervisor.virbr0, delay: 30us, rate: 10Gbps}\n"
          "lookups:\n  - " +
          one.lookups + one.name + "}\n",
      "servers.yaml");
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, 0, options);
}

Lookup look_up(const Case& one) { return run(one).lookups.at(0); }

}  // namespace

TEST_CASE("over a clean network unbound's and BIND's 255 addresses arrive, over TCP", "[sim]") {
  for (const auto& server : {unbound, bind(many)}) {
    const Lookup lookup = look_up({.server = server});
    CHECK(lookup.outcome == Outcome::answered);
    CHECK(lookup.addresses == 255);  // as measured
    CHECK(lookup.duration < 40ms);
    CHECK(lookup.attempts.at(0).result == "truncated");
    CHECK(lookup.attempts.at(0).full_bytes == 4113);
    CHECK(lookup.attempts.at(1).bytes == 4113);
  }
}

TEST_CASE("a truncated answer is empty from unbound; from BIND only if the query had EDNS", "[sim]") {
  CHECK(look_up({.server = unbound}).attempts.at(0).bytes == 33);
  CHECK(look_up({.server = unbound, .options = "edns0"}).attempts.at(0).bytes == 44);
  CHECK(look_up({.server = bind(many)}).attempts.at(0).bytes == 497);
  CHECK(look_up({.server = bind(many), .options = "edns0"}).attempts.at(0).bytes == 44);
}

TEST_CASE("with TCP dropped both hang until the SYNs are used up, and fail with EAI_AGAIN", "[sim]") {
  for (const auto& server : {unbound, bind(many)})
    for (const auto* options : {"", "edns0"}) {
      const Lookup lookup = look_up({.server = server, .options = options, .rules = drop});
      CHECK(lookup.error == "EAI_AGAIN");
      CHECK(lookup.addresses == 0);
      CHECK(lookup.attempts.back().result == "connect ETIMEDOUT");
      CHECK(lookup.duration > 3s);  // measured: 3.10 to 3.20 s, on a machine with other work to do
      CHECK(lookup.duration < 3200ms);
    }
}

TEST_CASE("three addresses need no TCP, and a name that is not there is EAI_NONAME", "[sim]") {
  for (const auto& server : {unbound, bind(many)}) {
    const Lookup small = look_up({.server = server, .name = "small.mydomain.net", .rules = drop});
    CHECK(small.addresses == 3);
    CHECK(small.attempts.size() == 1);
    CHECK(look_up({.server = server, .name = "nobody.mydomain.net"}).error == "EAI_NONAME");
  }
}

TEST_CASE("BIND as it is by default serves no zone with 255 records at a name: SERVFAIL, EAI_AGAIN",
          "[sim]") {
  const Lookup lookup = look_up({.server = bind("")});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(lookup.attempts.at(0).result == "SERVFAIL");
}

TEST_CASE("the same seed gives the same bytes, whatever a server leaves to chance", "[sim]") {
  for (const auto& server : {unbound, bind(many)}) {
    const auto once = run({.server = server}, {.packets = true});
    const auto again = run({.server = server}, {.packets = true});
    REQUIRE(once.packets.size() == again.packets.size());
    for (std::size_t i = 0; i < once.packets.size(); ++i)
      CHECK(once.packets[i].bytes == again.packets[i].bytes);
  }
}

TEST_CASE("twelve connections at once are too many for unbound's ten handlers: two wait for their turn",
          "[sim]") {
  // glibc closes its connections itself, so that all twelve are served.
  const auto result = run({.server = unbound,
                           .options = "use-vc",
                           .lookups = "{host: vm, client: glibc-2.36, count: 12, every: 1us, name: "});
  REQUIRE(result.lookups.size() == 12);
  for (const Lookup& lookup : result.lookups) CHECK(lookup.addresses == 255);
}

TEST_CASE("a query that is lost behind the handshake costs the server's idle timeout, then glibc gives up",
          "[sim]") {
  for (const auto& server : {unbound, bind(many)}) {
    const Lookup lookup =
        look_up({.server = server,
                 .server_rules = "iptables -A INPUT -p tcp --dport 53 -m length --length 61: -j DROP"});
    CHECK(lookup.error == "EAI_AGAIN");
    CHECK(lookup.duration > 30s);  // measured: 30.050 s with unbound, 30.053 s with BIND
    CHECK(lookup.duration < 31s);
  }
}
