#include "models/servers/named.hh"

#include <catch2/catch.hpp>
#include <set>

using namespace hanglab;
using namespace hanglab::servers;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

std::string conf(const std::string& options) {
  return "options {\n  recursion no;\n  dnssec-validation no;\n" + options +
         "};\nzone \"mydomain.net\" { type primary; file \"db\"; };\n";
}

const std::string head = "$TTL 60\n@ SOA ns admin 1 7200 900 1209600 300\n@ NS ns\nns A 192.168.122.1\n";

std::string addresses(int last) {
  std::string lines;
  for (int h = 1; h <= last; ++h)
    lines += "me A 10.0." + std::to_string(h / 256) + "." + std::to_string(h % 256) + "\n";
  return lines;
}

NamedSetup setup(const std::string& options, const std::string& records) {
  return {.version = "9.18",
          .config = {.text = conf(options), .where = {.file = "lab.yaml", .line = 5, .column = 9}},
          .files = {{"db", {.text = head + records, .where = {.file = "db", .line = 1, .column = 1}}}}};
}

std::unique_ptr<DnsServer> start(const std::string& options, const std::string& records) {
  std::vector<std::string> warnings;
  return make_named(setup(options, records), warnings);
}

std::string refusal(const NamedSetup& broken) {
  std::vector<std::string> warnings;
  try {
    make_named(broken, warnings);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

dns::Bytes ask(const std::string& name, std::optional<std::uint16_t> edns = {}) {
  return dns::encode_query(7, {.name = name}, edns);
}

std::vector<int> hosts(const Answer& answer) {
  std::vector<int> all;
  const auto message = dns::decode(answer.message).value();
  for (const auto& record : message.answers) all.push_back(record.rdata[3]);
  return all;
}

}  // namespace

TEST_CASE("a cut answer holds 29 records without EDNS, and none with it") {
  const auto server = start("  max-records-per-type 0;\n", addresses(255));
  const auto cut = server->answer(ask("me.mydomain.net"), {});
  CHECK(cut.message.size() == 497);
  CHECK(cut.full_size == 33 + 255 * 16);
  CHECK(dns::decode_header(cut.message) ==
        dns::Header{.id = 7, .flags = 0x8700, .questions = 1, .answers = 29});
  const auto with_edns = server->answer(ask("me.mydomain.net", 4096), {});
  CHECK(with_edns.message.size() == 44);
  CHECK(dns::decode_header(with_edns.message) ==
        dns::Header{.id = 7, .flags = 0x8700, .questions = 1, .additionals = 1});
  const auto whole = server->accept()->answer(ask("me.mydomain.net"), {});
  CHECK(whole.message.size() == 33 + 255 * 16);
  CHECK_FALSE(dns::decode_header(whole.message)->truncated());
}

TEST_CASE("a zone with more than 100 records at one name is not loaded: every answer is SERVFAIL") {
  std::vector<std::string> warnings;
  const auto server = make_named(setup("", addresses(101)), warnings);
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0], Contains("db:1:1: zone mydomain.net. not loaded: 101 records"));
  CHECK(dns::decode_header(server->answer(ask("ns.mydomain.net"), {}).message)->rcode() == dns::servfail);
  warnings.clear();
  make_named(setup("", addresses(100)), warnings);
  CHECK(warnings.empty());
}

TEST_CASE("a TCP message holds 4093 addresses; one more and it is cut in part") {
  const auto four_thousand = [](int count) {
    return start("  max-records-per-type 0;\n", addresses(count))
        ->accept()
        ->answer(ask("me.mydomain.net"), {});
  };
  CHECK(four_thousand(4093).message.size() == 33 + 4093 * 16);
  const auto cut = dns::decode_header(four_thousand(4094).message).value();
  CHECK(cut.truncated());
  CHECK(cut.answers == 4093);
}

TEST_CASE("records come in an order by chance, in turn, or as they are sorted") {
  const auto random = start("", "me A 10.0.0.3\nme A 10.0.0.1\nme A 10.0.0.2\n");
  random->restart(Random(1));
  std::set<std::vector<int>> orders;
  for (int i = 0; i < 100; ++i) orders.insert(hosts(random->answer(ask("me.mydomain.net"), {})));
  CHECK(orders.size() == 6);
  random->restart(Random(1));
  const auto first = hosts(random->answer(ask("me.mydomain.net"), {}));
  random->restart(Random(1));
  CHECK(hosts(random->answer(ask("me.mydomain.net"), {})) == first);

  const auto sorted = start("  rrset-order { order none; };\n", "me A 10.0.0.3\nme A 10.0.0.1\n");
  CHECK(hosts(sorted->answer(ask("me.mydomain.net"), {})) == std::vector{1, 3});

  const auto cyclic = start("  rrset-order { order cyclic; };\n", "me A 10.0.0.1\nme A 10.0.0.2\n");
  const auto before = hosts(cyclic->answer(ask("me.mydomain.net"), {}));
  const auto after = hosts(cyclic->answer(ask("me.mydomain.net"), {}));
  CHECK(before == std::vector{after[1], after[0]});
}

TEST_CASE("a connection waits 30 s for a whole message; a half one does not count") {
  const auto server = start("  tcp-initial-timeout 50;\n  tcp-idle-timeout 200;\n", "");
  CHECK(server->tcp().most_connections == 150);
  CHECK_FALSE(server->tcp().any_octet_counts);
  const auto session = server->accept();
  CHECK(session->idle_timeout({}) == Duration(5s));
  session->answer(ask("ns.mydomain.net"), {});
  CHECK(session->idle_timeout({}) == Duration(20s));
  CHECK(start("", "")->accept()->idle_timeout({}) == Duration(30s));
}

TEST_CASE("what named would ask of others, would not load, or the lab does not model, is refused") {
  auto broken = setup("", "");
  broken.config.text = "options { recursion no; };\n";
  CHECK_THAT(refusal(broken), Contains("lab.yaml:5:9: named's 'options' has to say `dnssec-validation no`"));
  broken.config.text = "options { recursion yes; dnssec-validation no; };\n";
  CHECK_THAT(refusal(broken), Contains("lab.yaml:5:19: named's 'recursion' would ask other servers"));
  broken.config.text = "zone \"a\" { type primary; file \"db\"; };";
  CHECK_THAT(refusal(broken), Contains("named would ask other servers"));
  CHECK_THAT(refusal(setup("  forwarders { 10.0.0.1; };\n", "")),
             Contains("lab.yaml:8:11: named's 'forwarders' is not among"));
  CHECK_THAT(refusal(setup("  minimal-responses maybe;\n", "")), Contains("'maybe' is not modelled here"));
  CHECK_THAT(refusal(setup("  max-udp-size x\n", "")), Contains("'}' where a ';' is missing"));
  CHECK_THAT(refusal(setup("", "$GENERATE 1-9 a$ A 10.0.0.$\n")),
             Contains("db:5:1: the directive $GENERATE"));
  CHECK_THAT(refusal(setup("", "a CNAME ns\na A 10.0.0.1\n")),
             Contains("db:6:1: a.mydomain.net. has a CNAME"));
  CHECK_THAT(refusal(setup("", "a.example. A 10.0.0.1\n")), Contains("is not in the zone"));
  CHECK_THAT(refusal(setup("", "a_b A 10.0.0.1\n")), Contains("is no host name"));
  CHECK_THAT(refusal(setup("", "a ( A 10.0.0.1\n")), Contains("'(' is never closed"));
  auto bare = setup("", "");
  bare.files["db"].text = "$TTL 60\n@ SOA ns admin 1 2 3 4 5\nns A 10.0.0.1\n";
  CHECK_THAT(refusal(bare), Contains("has no NS records"));
  bare.files.clear();
  CHECK_THAT(refusal(bare), Contains("lab.yaml:9:50: there is no zone file 'db'"));
}
