// What real BIND servers said, message by message, against the model. Each file of tests/captures is one
// named 9.18.49 of Debian 12 from its start: its configuration and zone files, then queries in order.
// What named leaves to chance is asked for again until it comes out the same; the order of more records than
// that can find is compared as a set, and the hash in a cookie not at all.
#include <algorithm>
#include <tuple>

#include "models/servers/named.hh"
#include "tests/models/servers/recording.hh"

using namespace hanglab;
using namespace hanglab::servers;
using namespace hanglab::tests;

namespace {

constexpr int most_tries = 300;
constexpr std::size_t few = 4;  // records whose order the tries find

// The message with the hash of its server cookie as zeros.
std::string without_hash(std::string hex) {
  const std::string cookie_head = "000a0018";
  const auto cookie = hex.rfind(cookie_head);
  if (cookie != std::string::npos && cookie + cookie_head.size() + 48 <= hex.size())
    hex.replace(cookie + cookie_head.size() + 32, 16, 16, '0');
  return hex;
}

using Records = std::vector<std::tuple<std::string, std::uint16_t, std::uint32_t, dns::Bytes>>;

Records sorted(const std::vector<dns::Record>& records, bool with_data) {
  Records all;
  for (const auto& record : records)
    all.emplace_back(record.name, record.type, record.ttl,
                     with_data ? dns::Bytes(record.rdata.begin(), record.rdata.end()) : dns::Bytes{});
  std::ranges::sort(all);
  return all;
}

bool same_records(const std::string& a_hex, const std::string& b_hex) {
  if (a_hex.size() != b_hex.size()) return false;
  const auto a_bytes = from_hex(a_hex);
  const auto b_bytes = from_hex(b_hex);
  const auto a = dns::decode(a_bytes);
  const auto b = dns::decode(b_bytes);
  if (!a || !b || a->header != b->header || a->questions != b->questions) return false;
  const bool whole = !a->header.truncated();
  return sorted(a->answers, whole) == sorted(b->answers, whole) &&
         sorted(a->authorities, true) == sorted(b->authorities, true) &&
         sorted(a->additionals, true) == sorted(b->additionals, true);
}

std::size_t answers_in(const std::string& hex) {
  const auto header = dns::decode_header(from_hex(hex));
  return header ? header->answers : 0u;
}

}  // namespace

TEST_CASE("the model answers as the recorded named did, but for what named leaves to chance") {
  const auto [name, exchanges] = GENERATE(table<std::string, std::size_t>({
      {"bind-9.18-defaults.txt", 459},
      {"bind-9.18-options.txt", 282},
      {"bind-9.18-cyclic.txt", 88},
      {"bind-9.18-notloaded.txt", 4},
  }));
  INFO(name);
  auto recording = read_recording(name);
  CHECK(recording.exchanges.size() == exchanges);
  NamedSetup setup{.version = "9.18", .config = {.text = recording.setup["config"], .where = {.file = name}}};
  for (const auto* file : {"mydomain.net.zone", "rev.zone"})
    setup.files[file] = {.text = recording.setup[file], .where = {.file = file, .line = 1, .column = 1}};
  std::vector<std::string> warnings;
  const auto server = make_named(setup, warnings);
  std::unique_ptr<TcpSession> connection;
  for (const auto& exchange : recording.exchanges) {
    INFO("line " << exchange.line << ": " << exchange.kind << ' ' << exchange.query);
    if (exchange.kind == "connect") {
      connection = server->accept();
      continue;
    }
    const auto query = from_hex(exchange.query);
    const std::string real = without_hash(exchange.answer);
    std::string model;
    for (int i = 0; i < most_tries && model != real; ++i)
      model = without_hash(to_hex(exchange.kind == "tcp" ? connection->answer(query, exchange.at)
                                                         : server->answer(query, exchange.at)));
    INFO("answer " << model << "\nreal   " << real);
    CHECK((model == real || (answers_in(real) > few && same_records(model, real))));
  }
}
