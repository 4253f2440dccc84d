#include "records/csv.hh"

#include <fmt/compile.h>
#include <fmt/format.h>

#include <iterator>

#include "records/text.hh"

namespace hanglab::records {

namespace {

void append_field(std::string& out, std::string_view text) {
  if (text.find_first_of(",\"\r\n") == text.npos) {
    out += text;
  } else {
    out += '"';
    for (const char c : text) {
      if (c == '"') out += '"';
      out += c;
    }
    out += '"';
  }
  out += ',';
}

void append_number(std::string& out, std::uint64_t value) {
  fmt::format_to(std::back_inserter(out), FMT_COMPILE("{},"), value);
}

}  // namespace

void append_csv_header(std::string& out) {
  out +=
      "scenario,run,seed,host,client,call,name,start_s,duration_s,outcome,error,addresses,censored,"
      "attempts\n";
}

void append_csv(std::string& out, const Lookup& lookup) {
  append_field(out, lookup.scenario);
  append_number(out, lookup.run);
  append_number(out, lookup.seed);
  append_field(out, lookup.host);
  append_field(out, lookup.client);
  append_field(out, lookup.call);
  append_field(out, lookup.name);
  append_seconds(out, lookup.start);
  out += ',';
  append_seconds(out, lookup.duration);
  out += ',';
  append_field(out, to_string(lookup.outcome));
  append_field(out, lookup.error);
  append_number(out, lookup.addresses);
  append_field(out, lookup.censored ? "true" : "false");
  append_number(out, lookup.attempts.size());
  out.back() = '\n';
}

}  // namespace hanglab::records
