// What real dnsmasq servers said, message by message, against the model. Each file of tests/captures
// is one server from its start: its version, options and host file, then queries in order.
//
//   udp QUERY ANSWER    connect    tcp QUERY ANSWER    (ANSWER: hexadecimal, "-" nothing, "closed")

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "models/servers/dnsmasq.hh"

using namespace hanglab;
using namespace hanglab::servers;

namespace {

dns::Bytes from_hex(const std::string& text) {
  dns::Bytes bytes;
  if (text == "-") return bytes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

std::string to_hex(const Answer& answer) {
  if (answer.message.empty()) return answer.close ? "closed" : "-";
  constexpr auto digits = "0123456789abcdef";
  std::string text;
  for (const auto octet : answer.message) {
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

struct Exchange {
  int line = 0;
  std::string kind;
  std::string query;
  std::string answer;
};

struct Recording {
  DnsmasqSetup setup;
  std::vector<Exchange> exchanges;
};

Recording read_recording(const std::string& name) {
  std::ifstream file("tests/captures/" + name);
  REQUIRE(file);
  Recording recording;
  recording.setup.host_file.file = name;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    Exchange exchange{.line = number, .kind = {}, .query = {}, .answer = {}};
    words >> exchange.kind >> std::ws;
    std::string rest;
    if (exchange.kind == "version") words >> recording.setup.version;
    if (exchange.kind == "options") std::getline(words, recording.setup.options);
    if (exchange.kind == "host") {
      std::getline(words, rest);
      recording.setup.host_file.text += rest + '\n';
    }
    words >> exchange.query >> exchange.answer;
    if (exchange.kind == "udp" || exchange.kind == "tcp" || exchange.kind == "connect")
      recording.exchanges.push_back(exchange);
  }
  return recording;
}

void replay(const Recording& recording, DnsServer& server) {
  std::unique_ptr<TcpSession> connection;
  for (const auto& exchange : recording.exchanges) {
    INFO("line " << exchange.line << ": " << exchange.kind << ' ' << exchange.query);
    const auto query = from_hex(exchange.query);
    if (exchange.kind == "connect") {
      connection = server.accept();
    } else if (exchange.kind == "tcp") {
      REQUIRE(connection);
      CHECK(to_hex(connection->answer(query)) == exchange.answer);
    } else {
      CHECK(to_hex(server.answer(query)) == exchange.answer);
    }
  }
}

}  // namespace

TEST_CASE("the model answers byte for byte as the recorded dnsmasq did, and again after a restart") {
  const auto [name, exchanges] = GENERATE(table<std::string, std::size_t>({
      {"dnsmasq-2.90-incident.txt", 49},
      {"dnsmasq-2.90-mixed.txt", 128},
      {"dnsmasq-2.90-dig.txt", 11},
      {"dnsmasq-2.79-incident.txt", 48},
      {"dnsmasq-2.79-mixed.txt", 123},
  }));
  INFO(name);
  const auto recording = read_recording(name);
  CHECK(recording.exchanges.size() == exchanges);
  std::vector<std::string> warnings;
  const auto server = make_dnsmasq(recording.setup, warnings);
  replay(recording, *server);
  server->restart();
  replay(recording, *server);
}
