#include "models/servers/unbound.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::servers;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

const std::string closed = "server:\n  access-control: 0.0.0.0/0 allow\n  local-zone: \".\" refuse\n";

std::unique_ptr<DnsServer> start(const std::string& more) {
  return make_unbound(
      {.version = "1.17",
       .config = {{.text = closed + more, .where = {.file = "lab.yaml", .line = 7, .column = 11}}}});
}

std::string refusal(const std::string& config) {
  try {
    make_unbound({.version = "1.17",
                  .config = {{.text = config, .where = {.file = "lab.yaml", .line = 7, .column = 11}}}});
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

std::string addresses(int last) {
  std::string lines = "  local-zone: \"mydomain.net.\" static\n";
  for (int h = 1; h <= last; ++h)
    lines += "  local-data: \"me.mydomain.net. A 10.0." + std::to_string(h / 256) + "." +
             std::to_string(h % 256) + "\"\n";
  return lines;
}

dns::Bytes ask(const std::string& name, std::uint16_t id = 0, std::optional<std::uint16_t> edns = {}) {
  return dns::encode_query(id, {.name = name}, edns);
}

int first_host(const Answer& answer) { return dns::decode(answer.message).value().answers.at(0).rdata[3]; }

}  // namespace

TEST_CASE("the incident's 255 addresses leave a cut answer empty: 33 octets, TC, no record") {
  const auto server = start(addresses(255));
  const auto cut = server->answer(ask("me.mydomain.net", 7), {});
  CHECK(cut.message.size() == 33);
  CHECK(cut.full_size == 33 + 255 * 16);
  CHECK(dns::decode_header(cut.message) == dns::Header{.id = 7, .flags = 0x8780, .questions = 1});
  const auto whole = server->accept()->answer(ask("me.mydomain.net", 7), {});
  CHECK(whole.message.size() == 33 + 255 * 16);
  CHECK(dns::decode_header(whole.message) ==
        dns::Header{.id = 7, .flags = 0x8580, .questions = 1, .answers = 255});
}

TEST_CASE("4093 addresses fit into a TCP message, 4094 do not: that one is cut as well") {
  CHECK(start(addresses(4093))->accept()->answer(ask("me.mydomain.net"), {}).message.size() ==
        33 + 4093 * 16);
  const auto cut = start(addresses(4094))->accept()->answer(ask("me.mydomain.net"), {});
  CHECK(cut.message.size() == 33);
  CHECK(dns::decode_header(cut.message)->truncated());
}

TEST_CASE("records rotate by the query's id and by the second") {
  const auto server = start(addresses(4));
  CHECK(first_host(server->answer(ask("me.mydomain.net", 0), {})) == 1);
  CHECK(first_host(server->answer(ask("me.mydomain.net", 2), {})) == 3);
  CHECK(first_host(server->answer(ask("me.mydomain.net", 2), TimePoint(1900ms))) == 4);
  CHECK(first_host(start("  rrset-roundrobin: no\n" + addresses(4))->answer(ask("me.mydomain.net", 2), {})) ==
        1);
}

TEST_CASE("a restart sets the host's clock by chance, the same for the same seed") {
  const auto server = start(addresses(60));
  const auto host = [&](std::uint64_t seed) {
    server->restart(Random(seed));
    return first_host(server->answer(ask("me.mydomain.net", 0, 1232), {}));
  };
  CHECK(host(1) == host(1));
  CHECK((host(1) != host(2) || host(2) != host(3)));
}

TEST_CASE("connections beyond half of the handlers are short-lived: 300 ms, then 200") {
  const auto server = start(addresses(1));
  CHECK(server->tcp().most_connections == 10);
  CHECK_FALSE(server->tcp().process_per_connection);
  std::vector<std::unique_ptr<TcpSession>> open;
  std::vector<std::int64_t> milliseconds;
  for (int i = 0; i < 10; ++i) {
    open.push_back(server->accept());
    milliseconds.push_back(open.back()->idle_timeout({}).value() / 1ms);
  }
  CHECK(milliseconds ==
        std::vector<std::int64_t>{30000, 30000, 30000, 30000, 30000, 300, 200, 200, 200, 200});
}

TEST_CASE("a handler keeps its shortened timeout, even when the server is idle again") {
  // Measured: ten connections, closed in the order in which they were opened; the next four lasted 0.2 s.
  const auto server = start(addresses(1));
  std::vector<std::unique_ptr<TcpSession>> open;
  for (int i = 0; i < 10; ++i) open.push_back(server->accept());
  for (auto& session : open) session.reset();
  CHECK(server->accept()->idle_timeout({}) == Duration(200ms));
  // Closed the other way round they were long-lived again.
  server->restart(Random(1));
  for (auto& session : open) session = server->accept();
  for (auto session = open.rbegin(); session != open.rend(); ++session) session->reset();
  CHECK(server->accept()->idle_timeout({}) == Duration(30s));
  open.clear();
}

TEST_CASE("what unbound would ask of others, or the lab does not model, is refused at its place") {
  CHECK_THAT(refusal("server:\n  access-control: 0.0.0.0/0 allow\n"),
             Contains("lab.yaml:7:11: unbound would ask"));
  CHECK_THAT(refusal("server:\n  local-zone: . refuse\n"), Contains("say `access-control"));
  CHECK_THAT(refusal(closed + "  local-zone: \"a.\" transparent\n"),
             Contains("lab.yaml:10:30: local-zone type"));
  CHECK_THAT(refusal(closed + "  local-data: \"a. HINFO x y\"\n"),
             Contains("lab.yaml:10:29: records of type 'HINFO'"));
  CHECK_THAT(refusal(closed + "  local-data: \"a. A 10.0.0.256\"\n"),
             Contains("lab.yaml:10:31: '10.0.0.256'"));
  CHECK_THAT(refusal(closed + "  local-data: \"a. IN 60 A 10.0.0.1\"\n"), Contains("records of type '60'"));
  CHECK_THAT(refusal(closed + "  forward-zone:\n"), Contains("lab.yaml:10:13: unbound's 'forward-zone:'"));
  CHECK_THAT(refusal(closed + "  tcp-idle-timeout: 0\n"), Contains("no number from 1"));
  CHECK_THAT(refusal(closed + "  local-zone: \"a. static\n"), Contains("is never closed"));
  CHECK_THAT(refusal("verbosity: 1\n" + closed), Contains("stands outside of 'server:'"));
  CHECK_THROWS_AS(make_unbound({.version = "1.18", .config = {{.text = closed}}}), InputError);
}
