// systemd-resolved 252 on the VM itself, its client glibc, its server the hypervisor's dnsmasq:
//
//   vm glibc - 127.0.0.53 systemd-resolved - eth0 ---- wire ---- virbr0 hypervisor, dnsmasq
//
// The figures in the comments were measured on the real program, between two network namespaces.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "core/big_endian.hh"
#include "tests/sim/small_world.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

const std::string patient = "nameserver 127.0.0.53\\noptions edns0 timeout:30 attempts:3";

Small with_resolved(Small small) {
  if (small.resolv_conf == Small{}.resolv_conf) small.resolv_conf = "nameserver 127.0.0.53\\noptions edns0";
  if (small.resolved_conf.empty()) small.resolved_conf = "DNS=192.168.122.1";
  small.syn_retries = 6;
  return small;
}

Lookup look_up_by_resolved(const Small& small) { return look_up(with_resolved(small)); }

struct Seen {
  Duration at{};
  std::size_t octets = 0;  // of the DNS message
  std::uint16_t id = 0;
  std::uint16_t port = 0;  // it comes from
  bool tcp = false;        // a SYN
};

// What reached the hypervisor's port 53 in the way of UDP questions and SYNs.
std::vector<Seen> questions_to_hypervisor(const Small& small) {
  std::vector<Seen> all;
  for (const auto& packet : simulate(with_resolved(small), {.packets = true}).packets) {
    const auto& ip = packet.bytes;
    if (packet.host != 0 || packet.direction != Direction::in || ip.size() < 28 || get_u16(ip, 22) != 53)
      continue;
    const bool tcp = ip[9] == 6;
    if (tcp && (ip[33] & 0x02) == 0) continue;
    all.push_back({.at = packet.at, .port = get_u16(ip, 20), .tcp = tcp});
    if (tcp) continue;
    all.back().octets = ip.size() - 28;
    all.back().id = get_u16(ip, 28);
  }
  return all;
}

}  // namespace

TEST_CASE("Behind systemd-resolved 255 addresses come over UDP and TCP as without, in some 30 ms", "[sim]") {
  const Lookup lookup = look_up_by_resolved({});
  CHECK(lookup.outcome == Outcome::answered);
  CHECK(lookup.addresses == 255);
  CHECK(lookup.duration > 15ms);  // 27 ms
  CHECK(lookup.duration < 60ms);
  CHECK(lookup.attempts.at(0).result == "truncated");
  CHECK(lookup.attempts.at(0).bytes == 1196);  // what fits into glibc's 1200, 72 records and EDNS
}

TEST_CASE("What is sent to 127.0.0.53 comes from 127.0.0.1", "[sim]") {
  const auto run = simulate(with_resolved({.name = "small.mydomain.net"}), {.packets = true});
  constexpr std::uint32_t vm = 1;
  constexpr std::uint32_t lo = 1;  // behind its interfaces
  const auto first = std::ranges::find_if(
      run.packets, [](const auto& packet) { return packet.host == vm && packet.interface == lo; });
  REQUIRE(first != run.packets.end());
  CHECK(get_u32(first->bytes, 12) == 0x7f000001);
  CHECK(get_u32(first->bytes, 16) == 0x7f000035);
}

TEST_CASE("Where TCP is dropped upstream glibc gives up after three times 5 s, not after two minutes",
          "[sim]") {
  for (const auto* what : {"DROP", "REJECT --reject-with tcp-reset"}) {
    const Lookup lookup = look_up_by_resolved(
        {.hypervisor_rules = fmt::format("iptables -A INPUT -p tcp --dport 53 -j {}", what)});
    CHECK(lookup.error == "EAI_AGAIN");
    CHECK(lookup.duration > 15s);  // 15.010 s
    CHECK(lookup.duration < 15050ms);
  }
}

TEST_CASE("Where UDP is dropped upstream the fourth lookup would find TCP, but the first has failed in 10 s",
          "[sim]") {
  const Lookup lookup = look_up_by_resolved(
      {.name = "small.mydomain.net", .hypervisor_rules = "iptables -A INPUT -p udp --dport 53 -j DROP"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(lookup.duration > 10s);  // 10.007 s
  CHECK(lookup.duration < 10050ms);
}

TEST_CASE("A client that waits gets its answer by TCP, after three questions with EDNS and three without",
          "[sim]") {
  const Small small{.name = "small.mydomain.net",
                    .hypervisor_rules = "iptables -A INPUT -p udp --dport 53 -j DROP",
                    .resolv_conf = patient,
                    .family = "inet"};
  const Lookup lookup = look_up_by_resolved(small);
  CHECK(lookup.addresses == 3);
  CHECK(lookup.duration > 31250ms);  // 31.356 s
  CHECK(lookup.duration < 31550ms);
  const auto seen = questions_to_hypervisor(small);
  REQUIRE(seen.size() == 7);
  for (std::size_t i = 0; i < 6; ++i) {
    CHECK_FALSE(seen[i].tcp);
    CHECK(seen[i].octets == (i < 3 ? 47 : 36));
    CHECK(seen[i].id == seen[0].id);
    CHECK(seen[i].port == seen[0].port);
  }
  CHECK(seen[6].tcp);
}

TEST_CASE(
    "What is dropped altogether is asked at 250 ms' points: 0, 5.07, 10.32, 15.57 … 31.32, 41.57, 51.82, "
    "62.07 s",
    "[sim]") {
  const auto seen = questions_to_hypervisor({.name = "small.mydomain.net",
                                             .hypervisor_rules = "iptables -A INPUT -j DROP",
                                             .resolv_conf = patient,
                                             .family = "inet",
                                             .give_up = "80s"});
  std::vector<Seen> first;  // of each connection
  for (const auto& one : seen)
    if (!one.tcp || first.back().port != one.port) first.push_back(one);
  REQUIRE(first.size() >= 12);
  const Duration to_second = first[1].at - first[0].at;
  CHECK(to_second > 5s);
  CHECK(to_second < 5251ms);
  // A connection has 10 s, which begin with it and end at the next point; what follows is asked there.
  const std::vector<Duration> gaps{5250ms, 5250ms, 5250ms, 5250ms, 5250ms, 10250ms, 10250ms, 10250ms};
  for (std::size_t i = 0; i < gaps.size(); ++i) {
    INFO("after question " << i + 2);
    const Duration gap = first[i + 2].at - first[i + 1].at;
    CHECK(gap > gaps[i] - 1ms);
    CHECK(gap < gaps[i] + 1ms);
    CHECK(first[i + 2].tcp == (i >= 4 && i < 7));
  }
}

TEST_CASE("Two questions share a connection, and neither is asked twice when it ends", "[sim]") {
  const auto seen = questions_to_hypervisor({.name = "small.mydomain.net",
                                             .hypervisor_rules = "iptables -A INPUT -j DROP",
                                             .client = "cares-1.18",
                                             .give_up = "80s"});
  std::map<std::uint16_t, Duration> asked;  // by port, when
  std::set<std::uint16_t> connections;
  for (const auto& one : seen) {
    INFO(to_seconds(one.at) << " s");
    if (asked.contains(one.port)) CHECK(one.at - asked[one.port] > 900ms);
    asked[one.port] = one.at;
    if (one.tcp) connections.insert(one.port);
  }
  // 20.6, 30.9, 41.1, 51.4 … s: another each 10.25 s, until the lookup's end at 75 s
  CHECK(connections.size() >= 3);
}

TEST_CASE("A refused connection is followed by 23 more attempts within milliseconds, then by silence",
          "[sim]") {
  const auto seen = questions_to_hypervisor(
      {.hypervisor_rules = "iptables -A INPUT -p tcp --dport 53 -j REJECT --reject-with tcp-reset",
       .resolv_conf = patient,
       .family = "inet",
       .give_up = "20s"});
  CHECK(std::ranges::count(seen, false, &Seen::tcp) == 24);
  CHECK(std::ranges::count(seen, true, &Seen::tcp) == 24);
  CHECK(seen.back().at - seen.front().at < 30ms);
  // Three failed connections and a truncated answer: without EDNS it might fit.
  CHECK(seen[4].octets == 44);
  CHECK(seen[6].octets == 33);
}

TEST_CASE("A connection to systemd-resolved is closed after 10 s, although its question is open", "[sim]") {
  const Lookup lookup =
      look_up_by_resolved({.hypervisor_rules = "iptables -A INPUT -p tcp --dport 53 -j DROP",
                           .resolv_conf = "nameserver 127.0.0.53\\noptions edns0 use-vc"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(lookup.duration > 10s);  // 10.118 s and 10.234 s
  CHECK(lookup.duration < 10300ms);
}

TEST_CASE("Of two servers the second is asked when the client asks again, 5 s later", "[sim]") {
  const Lookup lookup = look_up_by_resolved({.name = "small.mydomain.net",
                                             .hypervisor_rules = "iptables -A INPUT -d 192.168.122.1 -j DROP",
                                             .resolved_conf = "DNS=192.168.122.1 DNS=192.168.122.2"});
  CHECK(lookup.addresses == 3);
  CHECK(lookup.duration > 5s);  // 5.005 s
  CHECK(lookup.duration < 5050ms);
}

TEST_CASE("UDP dropped in the own OUTPUT chain is EPERM, and TCP is asked at once", "[sim]") {
  const Lookup lookup =
      look_up_by_resolved({.name = "small.mydomain.net",
                           .vm_rules = "iptables -A OUTPUT -d 192.168.122.1 -p udp --dport 53 -j DROP"});
  CHECK(lookup.addresses == 3);  // 0.002 s
  CHECK(lookup.duration < 10ms);
}

TEST_CASE("An ICMP error is SERVFAIL to the client at once", "[sim]") {
  const Lookup lookup = look_up_by_resolved(
      {.name = "small.mydomain.net", .hypervisor_rules = "iptables -A INPUT -p udp --dport 53 -j REJECT"});
  CHECK(lookup.error == "EAI_AGAIN");
  CHECK(lookup.duration < 10ms);  // 0.002 s
}
