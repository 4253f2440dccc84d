#include "records/measured_case.hh"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.hh"

namespace hanglab::records {

namespace {

using nlohmann::json;

// getaddrinfo(3), as glibc and musl number them.
const std::map<int, std::string> eai_names{{-1, "EAI_BADFLAGS"}, {-2, "EAI_NONAME"}, {-3, "EAI_AGAIN"},
                                           {-4, "EAI_FAIL"},     {-5, "EAI_NODATA"}, {-11, "EAI_SYSTEM"}};

// ares.h
const std::map<int, std::string> ares_names{
    {1, "ARES_ENODATA"},   {2, "ARES_EFORMERR"}, {3, "ARES_ESERVFAIL"}, {4, "ARES_ENOTFOUND"},
    {5, "ARES_ENOTIMP"},   {6, "ARES_EREFUSED"}, {10, "ARES_EBADRESP"}, {11, "ARES_ECONNREFUSED"},
    {12, "ARES_ETIMEOUT"}, {13, "ARES_EOF"}};

// [code, text], or the text alone, of which what stands behind the last colon is no address and no port.
std::string error_of(const json& error, const std::string& client) {
  if (error.is_string()) {
    const auto text = error.get<std::string>();
    const auto colon = text.rfind(": ");
    return colon == std::string::npos ? text : text.substr(colon + 2);
  }
  const auto& names = client.starts_with("cares") ? ares_names : eai_names;
  const int code = error.at(0).get<int>();
  const auto name = names.find(code);
  return name == names.end() ? fmt::format("error {}", code) : name->second;
}

Duration seconds(const json& value) { return Duration(std::llround(value.get<double>() * 1e9)); }

// What dig printed: the status of its answer, or why it got none.
void read_dig(const std::string& text, Lookup& lookup) {
  std::istringstream in(text);
  std::string status;
  std::string failure = "no servers could be reached";
  for (std::string line; std::getline(in, line);) {
    if (const auto at = line.find("status: "); at != std::string::npos)
      status = line.substr(at + 8, line.find(',', at) - at - 8);
    const bool failed =
        line.find("failed: ") != std::string::npos || line.find("communications error") != std::string::npos;
    if (const auto colon = line.rfind(": "); failed && colon != std::string::npos) {
      failure = line.substr(colon + 2);
      if (failure.ends_with('.')) failure.pop_back();
    }
    const bool address =
        line.find("\tIN\tA\t") != std::string::npos || line.find("\tIN\tAAAA\t") != std::string::npos;
    if (address && !line.starts_with(';')) ++lookup.addresses;
  }
  lookup.outcome = status == "NOERROR" ? Outcome::answered : Outcome::failed;
  if (lookup.outcome == Outcome::failed) lookup.error = status.empty() ? failure : status;
}

void read_observed(const json& measured, Lookup& lookup) {
  const json& observed = measured.at("observed");
  if (!observed.contains("text")) {
    lookup.duration = seconds(observed.at("seconds"));
    lookup.outcome = observed.at("ok").get<bool>() ? Outcome::answered : Outcome::failed;
    if (lookup.outcome == Outcome::answered) lookup.addresses = observed.at("n").get<std::size_t>();
    if (lookup.outcome == Outcome::failed) lookup.error = error_of(observed.at("err"), lookup.client);
    return;
  }
  const auto text = observed.at("text").get<std::string>();
  if (!text.starts_with("TIMEOUT>")) {
    lookup.duration = seconds(measured.at("observed_wall_seconds"));
    return read_dig(text, lookup);
  }
  // "TIMEOUT>300": a watchdog ended it after 300 s.
  lookup.outcome = Outcome::hung;
  lookup.censored = true;
  lookup.duration = std::chrono::seconds(std::stoi(text.substr(text.find('>') + 1)));
}

}  // namespace

MeasuredCase read_measured_case(const std::filesystem::path& folder) {
  const auto path = folder / "case.json";
  std::ifstream file(path);
  if (!file) throw InputError({.file = path.string()}, "cannot be read");
  try {
    const json measured = json::parse(file);
    MeasuredCase result;
    result.lookup.scenario = measured.at("case").get<std::string>();
    result.lookup.host = "vm";
    result.lookup.client = measured.at("client").get<std::string>();
    result.lookup.name = measured.at("host_looked_up").get<std::string>();
    read_observed(measured, result.lookup);
    result.server_capture = folder / "hv.pcap";
    return result;
  } catch (const json::exception& error) {
    throw InputError({.file = path.string()}, fmt::format("is no measured case: {}", error.what()));
  }
}

}  // namespace hanglab::records
