// systemd-resolved: what a client is told, which level it asks by, and when its timers go off. Sizes and
// messages were measured on the real one.
#include "models/servers/resolved.hh"

#include <catch2/catch.hpp>

#include "models/servers/resolved_cache.hh"
#include "models/servers/resolved_timers.hh"
#include "models/servers/resolved_upstream.hh"

using namespace hanglab;
using namespace hanglab::servers;
using namespace std::chrono_literals;

namespace {

const Location here{.file = "lab.yaml", .line = 7, .column = 11};
const std::string usual = "[Resolve]\nDNS=192.168.122.1\nLLMNR=no\nMulticastDNS=no\n";

std::unique_ptr<DnsServer> start(const std::string& config) {
  auto server = make_resolved({.version = "252", .config = {.text = config, .where = here}});
  server->restart(Random(1));
  return server;
}

std::string refusal(const std::string& config) {
  try {
    start(config);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

// What it says at once: "rcode flags answers size", or "asked on".
std::string said(const std::string& name, std::uint16_t type = dns::type_a, std::uint16_t klass = 1) {
  const auto answer =
      start(usual)->answer(dns::encode_query(7, {.name = name, .type = type, .klass = klass}, 1232), {});
  if (answer.open) return "asked on";
  const auto message = dns::decode(answer.message).value();
  CHECK(message.opt()->klass == 65494);
  return std::string(dns::rcode_name(message.header.rcode())) +
         ((message.header.flags & dns::flag_aa) != 0 ? " AA" : "") + " " +
         std::to_string(answer.message.size());
}

std::vector<ResolvedRecord> addresses(int count, std::uint32_t ttl = 300) {
  std::vector<ResolvedRecord> records;
  for (int i = 0; i < count; ++i)
    records.push_back({.owner = wire_name("me.mydomain.net"),
                       .type = dns::type_a,
                       .klass = 1,
                       .ttl = ttl,
                       .rdata = {.before = {10, 0, 0, static_cast<std::uint8_t>(i)}}});
  return records;
}

const ResolvedKey me{.name = wire_name("me.mydomain.net"), .type = dns::type_a};

Answer reply_to(std::optional<std::uint16_t> edns, bool tcp = false) {
  const auto query = read_stub_query(dns::encode_query(7, {.name = "me.mydomain.net"}, edns), tcp).value();
  return stub_reply(query, {.answers = addresses(256)}, dns::noerror);
}

// A level by what happened to it, one letter an event: u, t: lost over UDP, TCP; c: truncated; o: no OPT.
FeatureLevel level_after(ResolvedUpstream& upstream, const std::string& events) {
  for (const char event : events) {
    const auto level = upstream.level();
    if (event == 'u') upstream.lost(Transport::udp, level);
    if (event == 't') upstream.lost(Transport::tcp, level);
    if (event == 'c') upstream.truncated(level);
    if (event == 'o') upstream.without_opt(level);
  }
  return upstream.level();
}

FeatureLevel level_after(const std::string& events) {
  ResolvedUpstream upstream;
  return level_after(upstream, events);
}

}  // namespace

TEST_CASE("as many records as fit are sent, and EDNS if there is room behind them") {
  struct Measured {
    std::optional<std::uint16_t> client;
    std::size_t answers, size;
    bool edns;
  };
  for (const auto& [client, answers, size, edns] :
       {Measured{{}, 29, 497, false}, Measured{100, 29, 508, true}, Measured{1200, 72, 1196, true},
        Measured{1216, 73, 1212, true}, Measured{1217, 74, 1217, false}, Measured{1220, 74, 1217, false},
        Measured{1232, 74, 1228, true}, Measured{4096, 253, 4092, true}}) {
    INFO("client takes " << client.value_or(0));
    const auto answer = reply_to(client);
    const auto message = dns::decode(answer.message).value();
    CHECK(message.header.flags == 0x8380);
    CHECK(message.answers.size() == answers);
    CHECK(answer.message.size() == size);
    CHECK((message.opt() != nullptr) == edns);
    CHECK(answer.full_size == (client ? 4140 : 4129));
  }
  CHECK(reply_to(1232, true).message.size() == 4140);
  CHECK(dns::decode_header(reply_to(1232, true).message)->flags == 0x8180);
}

TEST_CASE("what it does not ask on it refuses, as an authority unless the question is at fault") {
  CHECK(said("small.mydomain.net") == "asked on");
  CHECK(said("me") == "REFUSED AA 31");
  CHECK(said("foo.local") == "REFUSED AA 38");
  CHECK(said("version.bind", 16, 3) == "REFUSED AA 41");
  CHECK(said("foo.bar.invalid") == "NXDOMAIN AA 44");
  CHECK(said("", 2) == "asked on");
  CHECK(said("small.mydomain.net", 252) == "REFUSED 47");
  auto query = dns::encode_query(7, {.name = "small.mydomain.net"}, 1232);
  query[2] = 0;  // RD
  const auto answer = start(usual)->answer(query, {});
  CHECK(dns::decode_header(answer.message)->flags == 0x8085);
  query[2] = 0x10;  // another opcode
  CHECK(start(usual)->answer(query, {}).message.empty());
  CHECK_FALSE(start(usual)->answer(query, {}).open);
}

TEST_CASE("names of one label are asked on where the configuration says so") {
  const auto query = dns::encode_query(7, {.name = "me"});
  CHECK_FALSE(start(usual)->answer(query, {}).open);
  CHECK(start(usual + "ResolveUnicastSingleLabel=yes\n")->answer(query, {}).open);
}

TEST_CASE("three lost datagrams are a level less, and three lost connections back to UDP") {
  CHECK(level_after("uu") == FeatureLevel::edns0);
  CHECK(level_after("uuu") == FeatureLevel::udp);
  CHECK(level_after("uuuuu") == FeatureLevel::udp);
  CHECK(level_after("uuuuuu") == FeatureLevel::tcp);
  CHECK(level_after("uuuuuutt") == FeatureLevel::tcp);
  CHECK(level_after("uuuuuuttt") == FeatureLevel::udp);
}

TEST_CASE("connections that fail bring EDNS down only where answers are truncated, and UDP not at all") {
  CHECK(level_after("ttt") == FeatureLevel::edns0);
  CHECK(level_after("ctt") == FeatureLevel::edns0);
  CHECK(level_after("cttt") == FeatureLevel::udp);
  CHECK(level_after("ctttctttctttt") == FeatureLevel::udp);
}

TEST_CASE("an answer verifies a level, which losses then do not change") {
  ResolvedUpstream upstream;
  upstream.answered(Transport::udp, FeatureLevel::edns0, {});
  CHECK(level_after(upstream, "uuuuuu") == FeatureLevel::edns0);
  CHECK(level_after(upstream, "cttt") == FeatureLevel::edns0);
  CHECK(level_after(upstream, "o") == FeatureLevel::udp);  // but for an answer without EDNS
}

TEST_CASE("the best level is tried again 5 min after the last answer, then 10 min") {
  ResolvedUpstream upstream;
  CHECK(level_after(upstream, "uuuuuu") == FeatureLevel::tcp);
  CHECK_FALSE(upstream.resumes(TimePoint(1h)));  // no answer yet
  upstream.answered(Transport::tcp, FeatureLevel::tcp, TimePoint(60s));
  CHECK_FALSE(upstream.resumes(TimePoint(359s)));
  upstream.answered(Transport::tcp, FeatureLevel::tcp, TimePoint(350s));
  CHECK_FALSE(upstream.resumes(TimePoint(649s)));
  CHECK(upstream.resumes(TimePoint(650s)));
  CHECK(level_after(upstream, "uuuuuu") == FeatureLevel::tcp);
  upstream.answered(Transport::tcp, FeatureLevel::tcp, TimePoint(700s));
  CHECK_FALSE(upstream.resumes(TimePoint(1299s)));
  CHECK(upstream.resumes(TimePoint(1300s)));
}

TEST_CASE("what answers after a refusal by a lower level is asked by that from then on") {
  ResolvedUpstream upstream;
  upstream.answered(Transport::udp, FeatureLevel::edns0, {});
  upstream.helped_by(FeatureLevel::udp);
  CHECK(upstream.level() == FeatureLevel::udp);
}

TEST_CASE("timers go off at one point of each 250 ms") {
  CHECK(timer_point(TimePoint(5s), 88ms) == TimePoint(5088ms));
  CHECK(timer_point(TimePoint(5088ms), 88ms) == TimePoint(5088ms));
  CHECK(timer_point(TimePoint(5088ms + 1ns), 88ms) == TimePoint(5338ms));
  CHECK(timer_point(TimePoint(10ms), 88ms) == TimePoint(88ms));
}

TEST_CASE(
    "a timer that is due goes off when the loop wakes for anything else, of several the last due first") {
  struct Clock : posix::Posix {
    TimePoint at{};
    void enter(posix::Syscall&) override {}  // time stands still
    void abandon(posix::Syscall&) override {}
    TimePoint now() const override { return at; }
    std::uint64_t random() override { return 1; }
  } os;
  ResolvedTimers timers(os, 88ms);
  std::string gone_off;
  const auto wait = [&](char name, TimePoint due) -> posix::Task<bool> {
    co_await timers.sleep_until(due);
    gone_off += name;
    co_return true;
  };
  auto a = wait('a', TimePoint(5s));
  auto b = wait('b', TimePoint(5001ms));
  auto c = wait('c', TimePoint(5002ms));
  for (auto* one : {&a, &b, &c}) one->start();
  os.at = TimePoint(4999ms);
  timers.wake();
  CHECK(gone_off.empty());
  os.at = TimePoint(5001ms);
  timers.wake();
  CHECK(gone_off == "ba");
}

TEST_CASE("the cache gives what is left of the TTL, at least 1 s, and SERVFAIL for 10 s") {
  ResolvedCache cache(ResolvedConf::Cache::yes);
  Random random(1);
  cache.keep(me, dns::noerror, {.answers = addresses(3)}, TimePoint(0s));
  CHECK(cache.find(me, TimePoint(100500ms), random)->sections.answers[0].ttl == 199);
  CHECK(cache.find(me, TimePoint(299500ms), random)->sections.answers[0].ttl == 1);
  CHECK_FALSE(cache.find(me, TimePoint(300s), random));
  cache.keep(me, dns::noerror, {.answers = addresses(3, 0)}, TimePoint(0s));
  CHECK_FALSE(cache.find(me, TimePoint(0s), random));
  cache.keep(me, dns::servfail, {}, TimePoint(0s));
  CHECK(cache.find(me, TimePoint(9s), random)->rcode == dns::servfail);
  CHECK_FALSE(cache.find(me, TimePoint(10s), random));
}

TEST_CASE(
    "that there is nothing is remembered where a SOA record says for how long, of all types for NXDOMAIN") {
  ResolvedCache cache(ResolvedConf::Cache::yes);
  Random random(1);
  cache.keep(me, dns::nxdomain, {}, TimePoint(0s));
  CHECK_FALSE(cache.find(me, TimePoint(0s), random));
  ResolvedRecord soa{.owner = wire_name("mydomain.net"), .type = type_soa, .klass = 1, .ttl = 60};
  soa.rdata.names = {wire_name("ns.mydomain.net"), wire_name("admin.mydomain.net")};
  soa.rdata.after.resize(20);
  soa.rdata.after[19] = 30;  // minimum
  cache.keep(me, dns::nxdomain, {.authorities = {soa}}, TimePoint(0s));
  ResolvedKey other = me;
  other.type = dns::type_aaaa;
  CHECK(cache.find(other, TimePoint(29s), random)->rcode == dns::nxdomain);
  CHECK_FALSE(cache.find(other, TimePoint(30s), random));
  ResolvedCache positive(ResolvedConf::Cache::no_negative);
  positive.keep(me, dns::nxdomain, {.authorities = {soa}}, TimePoint(0s));
  CHECK_FALSE(positive.find(me, TimePoint(0s), random));
}

TEST_CASE("resolved.conf is read as systemd does, and what the lab has no model of is refused at its place") {
  const auto conf =
      parse_resolved_conf({.text = "# by hand\n[Resolve]\nDNS=192.168.122.1 2001:db8::1\nDNS=10.0.0.1\n"
                                   "LLMNR = no\nMulticastDNS=false\nCache=no-negative\n[Other]\nA=b\n",
                           .where = here});
  CHECK(conf.servers.size() == 3);
  CHECK(conf.cache == ResolvedConf::Cache::no_negative);
  CHECK(parse_resolved_conf({.text = usual + "DNS=\nDNS=10.0.0.2\n", .where = here}).servers.size() == 1);

  CHECK(refusal(usual) == "accepted");
  CHECK(refusal("[Resolve]\nDNS=192.168.122.1\nMulticastDNS=no\n") ==
        "lab.yaml:7:11: resolved.conf has to say LLMNR=no: by default systemd-resolved asks the network's "
        "hosts "
        "by multicast, which the lab does not have");
  CHECK(refusal("[Resolve]\nLLMNR=no\nMulticastDNS=no\n") ==
        "lab.yaml:7:11: resolved.conf names no server: it wants a DNS=");
  CHECK(refusal(usual + "DNSSEC=yes\n") == "lab.yaml:11:18: DNSSEC=yes: the lab has no DNSSEC validation");
  CHECK(refusal(usual + "Domains=mydomain.net\n") ==
        "lab.yaml:11:11: the lab's systemd-resolved does not know 'Domains=mydomain.net'");
  CHECK(refusal(usual + "DNS=192.168.122.1:5353\n") ==
        "lab.yaml:11:15: '192.168.122.1:5353' is no address; the lab asks port 53 of plain addresses");
  CHECK(refusal(usual + "Cache=perhaps\n") == "lab.yaml:11:17: 'perhaps' is neither yes nor no");
  CHECK(refusal("DNS=192.168.122.1\n") == "lab.yaml:7:11: a setting wants its section before it, [Resolve]");
}

TEST_CASE("another version of systemd-resolved has no model") {
  CHECK_THROWS_WITH(
      make_resolved({.version = "255", .version_at = here, .config = {.text = usual, .where = here}}),
      "lab.yaml:7:11: no model of systemd-resolved 255; there is one of 252");
}
