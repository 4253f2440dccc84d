// Go's resolver against each fault. The figures in the comments were measured with Go 1.19.8 on real hosts.
#include <catch2/catch.hpp>

#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const std::string tcp_at_hypervisor = "iptables -A INPUT -p tcp --dport 53 -j ";
const std::string udp_at_hypervisor = "iptables -A INPUT -p udp --dport 53 -j ";
const std::string dead_first_server = "iptables -A INPUT -d 192.168.122.1 -p udp --dport 53 -j DROP";
const std::string two_servers = "nameserver 192.168.122.1\\nnameserver 192.168.122.2";
const std::string one_server = "nameserver 192.168.122.1";
const std::string small_name = "small.mydomain.net";

Small go(Small small) {
  small.client = "go-1.19";
  return small;
}

Lookup look_up_by_go(Small small) { return look_up(go(std::move(small))); }

std::size_t count(const Lookup& lookup, Transport transport, std::string_view result) {
  return static_cast<std::size_t>(std::ranges::count_if(lookup.attempts, [&](const Attempt& attempt) {
    return attempt.transport == transport && attempt.result == result;
  }));
}

std::vector<std::string> servers_of(const Lookup& lookup) {
  std::vector<std::string> servers;
  for (const Attempt& attempt : lookup.attempts) servers.push_back(to_string(attempt.server.address));
  return servers;
}

}  // namespace

TEST_CASE("Go: 255 addresses take a socket for A, one for AAAA and one TCP connection", "[sim][go]") {
  const Lookup lookup = look_up_by_go({});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 255);
  REQUIRE(lookup.attempts.size() == 3);
  CHECK(count(lookup, Transport::udp, "truncated") == 1);
  CHECK(count(lookup, Transport::udp, "answered") == 1);
  CHECK(count(lookup, Transport::tcp, "answered") == 1);
  for (const Attempt& attempt : lookup.attempts) {
    if (attempt.result == "truncated") CHECK(attempt.bytes == 1228);  // EDNS(0): 1232 at most
  }
}

TEST_CASE("Go: TCP that is dropped costs two attempts of timeout each", "[sim][go]") {
  const Lookup lookup = look_up_by_go({.hypervisor_rules = tcp_at_hypervisor + "DROP", .syn_retries = 6});
  CHECK(lookup.error == "i/o timeout");
  CHECK(count(lookup, Transport::udp, "truncated") == 2);
  CHECK(count(lookup, Transport::tcp, "timeout") == 2);
  CHECK(lookup.duration > 10s);  // 10.013 to 10.019 s
  CHECK(lookup.duration < 10050ms);
}

TEST_CASE("Go: a kernel that gives up before Go ends the dial", "[sim][go]") {
  const Lookup lookup = look_up_by_go({.hypervisor_rules = tcp_at_hypervisor + "DROP", .syn_retries = 1});
  CHECK(lookup.error == "connection timed out");
  CHECK(count(lookup, Transport::tcp, "connect ETIMEDOUT") == 2);
  CHECK(lookup.duration > 6s);
  CHECK(lookup.duration < 6200ms);
}

TEST_CASE("Go: an ICMP error for the SYN ends the dial at once, even while connect() runs", "[sim][go]") {
  // 3 to 6 ms, where glibc takes a second.
  const Lookup lookup = look_up_by_go({.hypervisor_rules = tcp_at_hypervisor + "REJECT", .delay = "3us"});
  CHECK(lookup.error == "connection refused");
  CHECK(count(lookup, Transport::tcp, "connect ECONNREFUSED") == 2);
  CHECK(lookup.duration < 10ms);
}

TEST_CASE("Go: UDP that is dropped costs 10 s, in the own OUTPUT chain nothing", "[sim][go]") {
  const Lookup at_server =
      look_up_by_go({.name = small_name, .hypervisor_rules = udp_at_hypervisor + "DROP"});
  CHECK(at_server.error == "i/o timeout");
  CHECK(at_server.attempts.size() == 4);
  CHECK(at_server.duration > 10s);
  CHECK(at_server.duration < 10030ms);
  const Lookup here =
      look_up_by_go({.name = small_name, .vm_rules = "iptables -A OUTPUT -p udp --dport 53 -j DROP"});
  CHECK(here.error == "operation not permitted");
  CHECK(count(here, Transport::udp, "send EPERM") == 4);
  CHECK(here.duration < 10ms);
}

TEST_CASE("Go: of ICMP errors only a final one reaches the connected UDP socket", "[sim][go]") {
  CHECK(look_up_by_go({.name = small_name, .hypervisor_rules = udp_at_hypervisor + "REJECT"}).error ==
        "connection refused");
  const Lookup host =
      look_up_by_go({.name = small_name,
                     .hypervisor_rules = udp_at_hypervisor + "REJECT --reject-with icmp-host-unreachable"});
  CHECK(host.error == "i/o timeout");
  CHECK(host.duration > 10s);
}

TEST_CASE("Go: a dead first server costs one timeout", "[sim][go]") {
  const Lookup lookup =
      look_up_by_go({.name = small_name, .hypervisor_rules = dead_first_server, .resolv_conf = two_servers});
  CHECK(lookup.addresses == 3);
  CHECK(lookup.duration > 5s);  // 5.004 s
  CHECK(lookup.duration < 5020ms);
}

TEST_CASE("Go: attempts go round all servers, from another one for each question if it rotates",
          "[sim][go]") {
  for (const bool rotate : {false, true}) {
    const Lookup lookup = look_up_by_go(
        {.name = small_name,
         .hypervisor_rules = udp_at_hypervisor + "DROP",
         .resolv_conf = two_servers + "\\noptions timeout:1 attempts:3" + (rotate ? " rotate" : "")});
    CHECK(lookup.attempts.size() == 12);
    CHECK(lookup.duration > 6s);  // 6.012 s
    CHECK(lookup.duration < 6030ms);
    const auto servers = servers_of(lookup);
    CHECK((servers[0] == servers[1]) == !rotate);
  }
}

TEST_CASE("Go: single-request asks for A, then for AAAA", "[sim][go]") {
  const Lookup lookup = look_up_by_go({.name = small_name,
                                       .hypervisor_rules = udp_at_hypervisor + "DROP",
                                       .resolv_conf = one_server + "\\noptions single-request timeout:1"});
  CHECK(lookup.attempts.size() == 4);
  CHECK(lookup.duration > 4s);  // 4.014 s
  CHECK(lookup.duration < 4030ms);
}

TEST_CASE("Go: use-vc asks over TCP alone", "[sim][go]") {
  const Lookup lookup = look_up_by_go({.name = small_name, .resolv_conf = one_server + "\\noptions use-vc"});
  CHECK(lookup.addresses == 3);
  CHECK(count(lookup, Transport::tcp, "answered") == 2);
  CHECK(lookup.attempts.size() == 2);
}

TEST_CASE("Go: timeout is not capped, and neither it nor attempts goes below one", "[sim][go]") {
  const std::string dead = udp_at_hypervisor + "DROP";
  const auto duration = [&](const std::string& options) {
    return look_up_by_go({.name = small_name,
                          .hypervisor_rules = dead,
                          .resolv_conf = one_server + "\\noptions " + options})
        .duration;
  };
  CHECK(duration("timeout:40 attempts:1") > 40s);  // 40.044 s
  CHECK(duration("timeout:0 attempts:7") > 7s);    // 7.011 s
  CHECK(duration("timeout:-3 attempts:0") > 1s);
  CHECK(duration("timeout:-3 attempts:0") < 1010ms);
}

TEST_CASE("Go: the error of the name as given is preferred to those of the search list", "[sim][go]") {
  const std::string search = one_server + "\\nsearch mydomain.net sub.mydomain.net";
  const Lookup bare = look_up_by_go({.name = "nobody", .resolv_conf = search});
  CHECK(bare.error == "server misbehaving");  // dnsmasq refuses "nobody."
  CHECK(count(bare, Transport::udp, "NXDOMAIN") == 4);
  CHECK(count(bare, Transport::udp, "REFUSED") == 4);
  const Lookup dotted = look_up_by_go({.name = "nobody.mydomain.net", .resolv_conf = search});
  CHECK(dotted.error == "no such host");
  CHECK(dotted.attempts.size() == 6);
  CHECK(look_up_by_go({.name = "small", .resolv_conf = search}).addresses == 3);
}

TEST_CASE("Go: every server is asked again after a refusal, none after NXDOMAIN", "[sim][go]") {
  const Lookup refused = look_up_by_go({.name = "www.example.com", .resolv_conf = two_servers});
  CHECK(refused.error == "server misbehaving");
  CHECK(refused.attempts.size() == 8);
  const Lookup unknown = look_up_by_go({.name = "nobody.mydomain.net", .resolv_conf = two_servers});
  CHECK(unknown.error == "no such host");
  CHECK(unknown.attempts.size() == 2);
}

TEST_CASE("Go: a name server without a route is passed over", "[sim][go]") {
  const Lookup lookup =
      look_up_by_go({.name = small_name, .resolv_conf = "nameserver 10.99.0.1\\nnameserver 192.168.122.1"});
  CHECK(lookup.addresses == 3);
  CHECK(lookup.duration < 10ms);
}

TEST_CASE("Go: /etc/hosts comes in the order of nsswitch.conf; alone it fails without an error",
          "[sim][go]") {
  CHECK(look_up_by_go({.name = "localhost"}).attempts.empty());
  const Lookup second = look_up_by_go({.name = "localhost", .hosts_order = "hosts: dns files"});
  CHECK(second.addresses == 1);
  CHECK(count(second, Transport::udp, "REFUSED") == 4);
  const Lookup alone = look_up_by_go({.name = small_name, .hosts_order = "hosts: files"});
  CHECK(alone.outcome == Outcome::answered);  // measured, too
  CHECK(alone.addresses == 0);
  CHECK(alone.attempts.empty());
  // An option that it does not know, or an action that is not the default, and the order is files, dns.
  CHECK(
      look_up_by_go(
          {.name = small_name, .resolv_conf = one_server + "\\noptions edns0", .hosts_order = "hosts: files"})
          .addresses == 3);
  CHECK(look_up_by_go({.name = small_name, .hosts_order = "hosts: files [!UNAVAIL=return]"}).addresses == 3);
}

TEST_CASE("Go 1.26: nsswitch.conf is followed whatever else stands there", "[sim][go]") {
  const auto ask = [](std::string name, std::string order, std::string options) {
    return look_up({.name = std::move(name),
                    .resolv_conf = one_server + "\\noptions " + options,
                    .hosts_order = std::move(order),
                    .client = "go-1.26"});
  };
  CHECK(ask(small_name, "hosts: files", "edns0").error == "no such host");
  CHECK(ask(small_name, "hosts: files", "inet6").attempts.empty());
  CHECK(ask(small_name, "hosts: files myhostname", "ndots:1").addresses == 3);
  CHECK(ask("localhost", "hosts: dns [!UNAVAIL=return] files", "ndots:1").attempts.size() == 4);
  CHECK(ask("localhost", "hosts: files dns", "ndots:1").attempts.empty());
}

TEST_CASE("Go: a root in the search list makes a name that 1.19 cannot send", "[sim][go]") {
  const std::string search = one_server + "\\nsearch . mydomain.net";
  for (const char* client : {"go-1.19", "go-1.26"}) {
    INFO(client);
    const Lookup lookup = look_up({.name = "small", .resolv_conf = search, .client = client});
    CHECK(lookup.addresses == 3);
    CHECK(lookup.attempts.size() == 2);
  }
}

TEST_CASE("Go: what is no domain name is not asked for", "[sim][go]") {
  for (const char* name : {"no--.example", "-small.mydomain.net", "small.mydomain.net.onion", "1234"}) {
    INFO(name);
    const Lookup lookup = look_up_by_go({.name = name});
    CHECK(lookup.attempts.empty());
    CHECK(lookup.outcome == (std::string(name).ends_with("onion") ? Outcome::answered : Outcome::failed));
  }
}
