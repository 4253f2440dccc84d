// What a real server said, message by message, from its start: a file of tests/captures. Its set-up is
// lines whose first words the test of that server knows; then come the exchanges in order:
//
//   at SECONDS (since 1970)    udp QUERY ANSWER    connect    tcp QUERY ANSWER    up QUERY ANSWER
//
// Messages are in hexadecimal; an answer may be "-", nothing, or "closed". `up` is what a server that
// forwards asked in its turn, for the line behind.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "models/servers/dns_server.hh"

namespace hanglab::tests {

inline dns::Bytes from_hex(const std::string& text) {
  dns::Bytes bytes;
  if (text == "-") return bytes;
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(text.substr(i, 2), nullptr, 16)));
  return bytes;
}

inline std::string to_hex(const servers::Answer& answer) {
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
  TimePoint at{};
  std::string kind;
  std::string query;
  std::string answer;
};

struct Recording {
  std::map<std::string, std::string> setup;  // "host" -> its lines
  std::vector<Exchange> exchanges;
};

inline Recording read_recording(const std::string& name) {
  std::ifstream file("tests/captures/" + name);
  REQUIRE(file);
  Recording recording;
  TimePoint now{};
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line);
    Exchange exchange{.line = number, .at = now, .kind = {}, .query = {}, .answer = {}};
    words >> exchange.kind;
    if (exchange.kind == "at") {
      std::int64_t seconds = 0;
      words >> seconds;
      now = TimePoint(std::chrono::seconds(seconds));
    } else if (exchange.kind == "udp" || exchange.kind == "up" || exchange.kind == "tcp" ||
               exchange.kind == "connect") {
      words >> exchange.query >> exchange.answer;
      recording.exchanges.push_back(exchange);
    } else if (!exchange.kind.starts_with('#')) {
      std::string rest;
      std::getline(words.ignore(), rest);
      recording.setup[exchange.kind] += rest + '\n';
    }
  }
  return recording;
}

// `same(answer, recorded)` compares; by default every octet.
inline bool same_octets(const servers::Answer& answer, const std::string& recorded) {
  return to_hex(answer) == recorded;
}

template <class Same = decltype(&same_octets)>
void replay(const Recording& recording, servers::DnsServer& server, Same same = same_octets) {
  std::unique_ptr<servers::TcpSession> connection;
  for (const auto& exchange : recording.exchanges) {
    INFO("line " << exchange.line << ": " << exchange.kind << ' ' << exchange.query);
    const auto query = from_hex(exchange.query);
    if (exchange.kind == "connect") {
      connection.reset();
      connection = server.accept();
      continue;
    }
    REQUIRE((exchange.kind == "udp" || connection));
    const auto answer =
        exchange.kind == "tcp" ? connection->answer(query, exchange.at) : server.answer(query, exchange.at);
    INFO("answer " << to_hex(answer) << "\nreal   " << exchange.answer);
    CHECK(same(answer, exchange.answer));
  }
}

}  // namespace hanglab::tests
