#include "models/servers/dnsmasq.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::servers;
using namespace std::chrono_literals;

namespace {

constexpr std::uint16_t type_aaaa = dns::type_aaaa;
constexpr std::size_t question_end = 33;  // after "me.mydomain.net A IN"

// 10.0.0.1 to 10.0.0.`last` me.mydomain.net
DnsmasqSetup incident(int last) {
  DnsmasqSetup setup{.version = "2.90",
                     .options = "--no-resolv --no-hosts --local=/mydomain.net/",
                     .options_at = {.file = "lab.yaml", .line = 3}};
  setup.host_file.file = "default.addnhosts";
  for (int h = 1; h <= last; ++h)
    setup.host_file.text += "10.0.0." + std::to_string(h) + " me.mydomain.net\n";
  return setup;
}

std::unique_ptr<DnsServer> start(const DnsmasqSetup& setup) {
  std::vector<std::string> warnings;
  return make_dnsmasq(setup, warnings);
}

dns::Bytes ask(const std::string& name, std::uint16_t type = dns::type_a,
               std::optional<std::uint16_t> edns = {}) {
  return dns::encode_query(7, {.name = name, .type = type}, edns);
}

dns::Header header_of(const Answer& answer) { return dns::decode_header(answer.message).value(); }

// The last octets of the first `count` IPv4 addresses.
std::vector<int> first_hosts(const Answer& answer, std::size_t count) {
  std::vector<int> hosts;
  const auto message = dns::decode(answer.message).value();
  for (std::size_t i = 0; i < count; ++i) hosts.push_back(message.answers.at(i).rdata[3]);
  return hosts;
}

}  // namespace

TEST_CASE("the incident: 256 lines, 255 records, of which 29 in 497 octets go over UDP") {
  std::vector<std::string> warnings;
  const auto server = make_dnsmasq(incident(256), warnings);
  CHECK(warnings == std::vector<std::string>{
                        "default.addnhosts:256: bad address '10.0.0.256', line skipped, as dnsmasq does"});

  const auto cut = server->answer(ask("me.mydomain.net"), {});
  CHECK(cut.message.size() == 497);
  CHECK(cut.full_size == 33 + 255 * 16);
  CHECK(header_of(cut) == dns::Header{.id = 7, .flags = 0x8780, .questions = 1, .answers = 29});
  // Every record: a pointer to the question's name, A, IN, TTL 0, four octets.
  const dns::Bytes head(cut.message.begin() + question_end, cut.message.begin() + question_end + 12);
  CHECK(head == dns::Bytes{0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4});

  const auto whole = server->accept()->answer(ask("me.mydomain.net"), {});
  CHECK(whole.message.size() == 33 + 255 * 16);
  CHECK(whole.full_size == 0);
  CHECK(header_of(whole) == dns::Header{.id = 7, .flags = 0x8580, .questions = 1, .answers = 255});

  // No AAAA, but the name exists: no data, and dnsmasq claims no authority for that.
  const auto nodata = server->answer(ask("me.mydomain.net", type_aaaa), {});
  CHECK(header_of(nodata) == dns::Header{.id = 7, .flags = 0x8180, .questions = 1});
}

TEST_CASE("reading the host file rotates what it has read before each address it adds") {
  // 1; 1 2; 2 1 3; 1 3 2 4
  CHECK(first_hosts(start(incident(4))->answer(ask("me.mydomain.net"), {}), 4) == std::vector{1, 3, 2, 4});
  CHECK(first_hosts(start(incident(255))->answer(ask("me.mydomain.net"), {}), 7) ==
        std::vector{128, 1, 129, 65, 130, 33, 131});
  // 2.79 adds in front: 1; 2 1; 3 1 2; 4 1 2 3
  auto old = incident(4);
  old.version = "2.79";
  CHECK(first_hosts(start(old)->answer(ask("me.mydomain.net"), {}), 4) == std::vector{4, 1, 2, 3});
}

TEST_CASE("each answer rotates the addresses by one, whether it was truncated or not") {
  const auto server = start(incident(4));
  server->answer(ask("me.mydomain.net"), {});
  CHECK(first_hosts(server->answer(ask("me.mydomain.net"), {}), 4) == std::vector{3, 2, 4, 1});
  server->answer(ask("me.mydomain.net", type_aaaa), {});
  CHECK(first_hosts(server->answer(ask("ME.mydomain.net"), {}), 4) == std::vector{2, 4, 1, 3});

  auto still = incident(4);
  still.options += " --no-round-robin";
  const auto fixed = start(still);
  fixed->answer(ask("me.mydomain.net"), {});
  CHECK(first_hosts(fixed->answer(ask("me.mydomain.net"), {}), 4) == std::vector{1, 2, 3, 4});
}

TEST_CASE("a TCP connection rotates its own copy: what it does, nobody else sees") {
  const auto server = start(incident(4));
  server->answer(ask("me.mydomain.net"), {});
  const auto first = server->accept();
  CHECK(first_hosts(first->answer(ask("me.mydomain.net"), {}), 4) == std::vector{3, 2, 4, 1});
  CHECK(first_hosts(first->answer(ask("me.mydomain.net"), {}), 4) == std::vector{2, 4, 1, 3});
  CHECK(first_hosts(server->accept()->answer(ask("me.mydomain.net"), {}), 4) == std::vector{3, 2, 4, 1});
  CHECK(first_hosts(server->answer(ask("me.mydomain.net"), {}), 4) == std::vector{3, 2, 4, 1});
  server->restart(Random(1));
  CHECK(first_hosts(server->answer(ask("me.mydomain.net"), {}), 4) == std::vector{1, 3, 2, 4});
}

TEST_CASE("with EDNS an answer fills what the client takes, up to 1232 octets, and 15 more are kept free") {
  const auto server = start(incident(255));
  const auto sizes = [&](std::uint16_t payload) {
    const auto answer = server->answer(ask("me.mydomain.net", dns::type_a, payload), {});
    const auto message = dns::decode(answer.message).value();
    return std::tuple(message.answers.size(), answer.message.size(),
                      message.opt() ? message.opt()->klass : 0);
  };
  CHECK(sizes(100) == std::tuple(29, 497 + 11, 1232));    // taken for 512: 512 - 497 = 15
  CHECK(sizes(1200) == std::tuple(72, 1185 + 11, 1232));  // 1200 - 1185 = 15
  CHECK(sizes(1199) == std::tuple(72, 1185, 0));          // 14: no room for the EDNS record
  CHECK(sizes(4096) == std::tuple(74, 1217 + 11, 1232));
}

TEST_CASE("names that are not there: NXDOMAIN under a local domain, REFUSED elsewhere") {
  const auto server = start(incident(3));
  CHECK(header_of(server->answer(ask("no.mydomain.net"), {})).flags == 0x8183);
  CHECK(header_of(server->answer(ask("mydomain.net"), {})).flags == 0x8180);  // a name is below it
  CHECK(header_of(server->answer(ask("xmydomain.net"), {})).flags == 0x8185);
  auto old = incident(3);
  old.version = "2.79";
  CHECK(header_of(start(old)->answer(ask("mydomain.net"), {})).flags == 0x8183);
}

TEST_CASE("what is no query gets no answer, and over TCP an end") {
  const auto server = start(incident(3));
  auto response = ask("me.mydomain.net");
  response[2] |= 0x80;
  CHECK(server->answer(response, {}).message.empty());
  CHECK(server->answer(dns::Bytes(11), {}).message.empty());
  CHECK(server->answer(dns::Bytes(1233), {}).message.empty());

  auto cut = ask("me.mydomain.net");
  cut.resize(20);
  CHECK(server->answer(cut, {}).message.empty());
  CHECK_FALSE(server->answer(cut, {}).close);
  CHECK(server->accept()->answer(cut, {}).close);
  CHECK(server->accept()->answer({}, {}).close);
}

TEST_CASE("a connection ends with its hundredth answer") {
  const auto session = start(incident(3))->accept();
  for (int i = 1; i < 100; ++i) CHECK_FALSE(session->answer(ask("me.mydomain.net"), {}).close);
  const auto last = session->answer(ask("me.mydomain.net"), {});
  CHECK(last.close);
  CHECK(last.message.size() == 33 + 3 * 16);
}

TEST_CASE("20 connections are served at once, each in its own process, each for 150 s at most") {
  auto setup = incident(3);
  const auto service = start(setup)->tcp();
  CHECK(service.process_per_connection);
  CHECK(service.most_connections == 20);
  CHECK(service.backlog == 32);
  CHECK(service.lifetime == 150s);
  setup.options += " --max-tcp-connections=5";
  CHECK(start(setup)->tcp().most_connections == 5);
}

TEST_CASE("255 records take 90 us, or 422 us at the first look since the process forked") {
  const auto server = start(incident(255));
  const auto time = [&] { return server->answer(ask("me.mydomain.net"), {}).service_time; };
  CHECK(time() == 65us + 255 * 1400ns);
  CHECK(time() == 65us + 255 * 100ns);
  server->accept();
  CHECK(time() == 65us + 255 * 1400ns);
  CHECK(server->answer(ask("me.mydomain.net", type_aaaa), {}).service_time == 65us);
}

TEST_CASE("/etc/hosts is read first, unless --no-hosts") {
  auto setup = incident(0);
  setup.options = "--no-resolv";
  setup.host_file.text = "10.0.0.2 me.mydomain.net\n";
  setup.etc_hosts = HostText{.text = "10.0.0.1 me.mydomain.net\n", .file = "/etc/hosts"};
  CHECK(first_hosts(start(setup)->answer(ask("me.mydomain.net"), {}), 2) == std::vector{1, 2});
  setup.options += " --no-hosts";
  CHECK(header_of(start(setup)->answer(ask("me.mydomain.net"), {})).answers == 1);
}

TEST_CASE("without --no-resolv a warning says whom the lab does not ask") {
  auto setup = incident(1);
  setup.options = "--no-hosts";
  std::vector<std::string> warnings;
  make_dnsmasq(setup, warnings);
  CHECK(warnings ==
        std::vector<std::string>{
            "lab.yaml:3: dnsmasq without --no-resolv would ask the servers of its host's resolv.conf; "
            "the lab asks those of --server alone, and without one names that are not local are "
            "REFUSED"});
}
