#include "cli/captured_record.hh"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <vector>

#include "core/dns.hh"
#include "records/text.hh"

namespace hanglab::cli {

namespace {

using replay::CapturedEnd;
using replay::CapturedLookup;
using replay::TcpEnd;

Outcome outcome_of(CapturedEnd end) {
  switch (end) {
    case CapturedEnd::answered: return Outcome::answered;
    case CapturedEnd::failed: return Outcome::failed;
    case CapturedEnd::no_end_seen: break;
  }
  return Outcome::hung;
}

std::vector<std::string> type_names(const CapturedLookup& lookup) {
  std::vector<std::string> names;
  for (const std::uint16_t type : lookup.types) names.push_back(dns::type_name(type));
  return names;
}

std::vector<std::string> server_names(const CapturedLookup& lookup) {
  std::vector<std::string> names;
  for (const Endpoint& server : lookup.servers) names.push_back(to_string(server));
  return names;
}

std::vector<std::string> transports(const CapturedLookup& lookup) {
  std::vector<std::string> names;
  if (lookup.udp_queries > 0) names.emplace_back("udp");
  if (lookup.connections > 0) names.emplace_back("tcp");
  return names;
}

std::string seconds(Duration time) {
  std::string text;
  records::append_seconds(text, time);
  return text;
}

std::string quoted_for_csv(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + '"';
}

std::string json_of(const auto& value) { return nlohmann::json(value).dump(); }

}  // namespace

std::string type_words(const CapturedLookup& lookup, const char* between) {
  return fmt::format("{}", fmt::join(type_names(lookup), between));
}

Lookup to_record(const CapturedLookup& lookup, const std::string& capture, Duration capture_begin) {
  return {.scenario = capture,
          .host = to_string(lookup.client),
          .client = "captured",
          .call = "lookup",
          .name = lookup.name,
          .start = lookup.start - capture_begin,
          .duration = lookup.duration,
          .outcome = outcome_of(lookup.end),
          .error = lookup.reason,
          .addresses = lookup.answers,
          .censored = lookup.censored(),
          .attempts = lookup.attempts};
}

void append_captured_csv_header(std::string& out) {
  out +=
      "start_s,duration_s,censored,client,servers,name,types,transports,outcome,reason,answers,truncated_"
      "bytes,"
      "truncated_answers,tcp,connections,syns,retries,rounds,packets\n";
}

void append_captured_csv(std::string& out, const CapturedLookup& lookup) {
  const auto cut = lookup.truncated;
  fmt::format_to(std::back_inserter(out), "{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}\n",
                 seconds(lookup.start), seconds(lookup.duration), lookup.censored(), to_string(lookup.client),
                 fmt::join(server_names(lookup), " "), quoted_for_csv(lookup.name), type_words(lookup, " "),
                 fmt::join(transports(lookup), " "), to_string(lookup.end), lookup.reason, lookup.answers,
                 cut ? fmt::to_string(cut->bytes) : "", cut ? fmt::to_string(cut->answers) : "",
                 to_string(lookup.tcp), lookup.connections, lookup.syns, lookup.retries, lookup.rounds,
                 lookup.packets);
}

void append_captured_json(std::string& out, const CapturedLookup& lookup) {
  const auto cut = lookup.truncated;
  const std::string truncated =
      cut ? fmt::format(R"({{"bytes":{},"answers":{}}})", cut->bytes, cut->answers) : "null";
  fmt::format_to(
      std::back_inserter(out),
      R"({{"start_s":{},"duration_s":{},"censored":{},"client":{},"servers":{},"name":{},"types":{},)"
      R"("transports":{},"outcome":{},"reason":{},"answers":{},"truncated":{},"tcp":{},"connections":{},)"
      R"("syns":{},"retries":{},"rounds":{},"packets":{}}})"
      "\n",
      seconds(lookup.start), seconds(lookup.duration), lookup.censored(), json_of(to_string(lookup.client)),
      json_of(server_names(lookup)), json_of(lookup.name), json_of(type_names(lookup)),
      json_of(transports(lookup)), json_of(to_string(lookup.end)), json_of(lookup.reason), lookup.answers,
      truncated, json_of(to_string(lookup.tcp)), lookup.connections, lookup.syns, lookup.retries,
      lookup.rounds, lookup.packets);
}

}  // namespace hanglab::cli
