#include "records/json.hh"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "records/text.hh"

namespace hanglab::records {

namespace {

void append_number(std::string& out, auto value) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{}"), value);
}

// RFC 8259 section 7: quotation mark, reverse solidus and control characters must be escaped.
void append_string(std::string& out, std::string_view text) {
  const auto must_be_escaped = [](char c) {
    return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20;
  };
  out += '"';
  if (std::none_of(text.begin(), text.end(), must_be_escaped)) {
    out += text;
    out += '"';
    return;
  }
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (must_be_escaped(c)) {
      fmt::format_to(std::back_inserter(out), FMT_COMPILE("\\u{:04x}"), static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

void append_endpoint(std::string& out, const Endpoint& server) {
  if (is_ipv6(server.address)) return append_string(out, to_string(server));
  const auto a = ipv4_of(server.address).value;
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("\"{}.{}.{}.{}:{}\""), a >> 24, a >> 16 & 0xff,
                 a >> 8 & 0xff, a & 0xff, server.port);
}

void append_attempt(std::string& out, const Attempt& attempt) {
  out += R"({"server":)";
  append_endpoint(out, attempt.server);
  out += R"(,"transport":)";
  append_string(out, to_string(attempt.transport));
  out += R"(,"start_s":)";
  append_seconds(out, attempt.start);
  out += R"(,"end_s":)";
  append_seconds(out, attempt.end);
  out += R"(,"result":)";
  append_string(out, attempt.result);
  out += R"(,"bytes":)";
  append_number(out, attempt.bytes);
  out += R"(,"full_bytes":)";
  if (attempt.full_bytes)
    append_number(out, *attempt.full_bytes);
  else
    out += "null";
  out += R"(,"syns":)";
  append_number(out, attempt.syns);
  out += R"(,"sends_s":[)";
  for (bool first = true; const auto at : attempt.sends) {
    if (!std::exchange(first, false)) out += ',';
    append_seconds(out, at);
  }
  out += "]}";
}

}  // namespace

void append_json(std::string& out, const Lookup& lookup) {
  out += R"({"scenario":)";
  append_string(out, lookup.scenario);
  out += R"(,"run":)";
  append_number(out, lookup.run);
  out += R"(,"seed":)";
  append_number(out, lookup.seed);
  out += R"(,"host":)";
  append_string(out, lookup.host);
  out += R"(,"client":)";
  append_string(out, lookup.client);
  out += R"(,"call":)";
  append_string(out, lookup.call);
  out += R"(,"name":)";
  append_string(out, lookup.name);
  out += R"(,"start_s":)";
  append_seconds(out, lookup.start);
  out += R"(,"duration_s":)";
  append_seconds(out, lookup.duration);
  out += R"(,"outcome":)";
  append_string(out, to_string(lookup.outcome));
  out += R"(,"error":)";
  append_string(out, lookup.error);
  out += R"(,"addresses":)";
  append_number(out, lookup.addresses);
  out += lookup.censored ? R"(,"censored":true)" : R"(,"censored":false)";
  out += R"(,"attempts":[)";
  for (bool first = true; const auto& attempt : lookup.attempts) {
    if (!std::exchange(first, false)) out += ',';
    append_attempt(out, attempt);
  }
  out += "]}\n";
}

}  // namespace hanglab::records
