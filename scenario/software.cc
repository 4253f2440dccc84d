#include "scenario/software.hh"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "scenario/suggest.hh"

namespace hanglab::scenario {

namespace {

using Words = std::vector<std::string>;

// The first call is what a lookup makes that names none. "cares" is c-ares; a version is as exact as what is
// known to differ.
const std::map<std::string, Words> calls_of_client{
    {"cares-1.18", {"ares_getaddrinfo"}}, {"dig-9.18", {"dig"}},
    {"dnspython-2.3", {"resolve"}},       {"glibc-2.28", {"getaddrinfo"}},
    {"glibc-2.31", {"getaddrinfo"}},      {"glibc-2.36", {"getaddrinfo"}},
    {"go-1.19", {"LookupHost"}},          {"go-1.26", {"LookupHost"}},
    {"musl-1.2.3", {"getaddrinfo"}},      {"musl-1.2.4", {"getaddrinfo"}},
    {"musl-1.2.5", {"getaddrinfo"}},      {"node-20-cares-1.34", {"resolve4"}},
    {"python-3.11", {"getaddrinfo"}},
};

const Words servers{"bind", "dnsmasq", "lab", "systemd-resolved", "unbound"};

Words clients() {
  Words names;
  for (const auto& [name, calls] : calls_of_client) names.push_back(name);
  return names;
}

// Digits and single dots: "2.90", "1.19.2".
bool is_version(std::string_view text) {
  if (text.empty() || text.front() == '.' || text.back() == '.' || text.find("..") != std::string_view::npos)
    return false;
  return text.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::string read_client(const Value& value) {
  if (!calls_of_client.contains(value.text))
    throw InputError(value.where,
                     fmt::format("no client '{}'{}", value.text, suggestion(value.text, clients())));
  return value.text;
}

std::string usual_call(const std::string& client) { return calls_of_client.at(client).front(); }

std::string read_call(const Value& value, const std::string& client) {
  const auto& calls = calls_of_client.at(client);
  if (std::ranges::find(calls, value.text) == calls.end())
    throw InputError(value.where,
                     fmt::format("{} has no call '{}'{}", client, value.text, suggestion(value.text, calls)));
  return value.text;
}

Software read_server_software(const Value& value) {
  const auto space = value.text.find(' ');
  Software software{.name = value.text.substr(0, space), .version = {}};
  if (space != std::string::npos) software.version = value.text.substr(space + 1);
  if (std::ranges::find(servers, software.name) == servers.end())
    throw InputError(value.where, fmt::format("no DNS server software '{}'{}", software.name,
                                              suggestion(software.name, servers)));
  if (!is_version(software.version))
    throw InputError(value.where,
                     fmt::format("'{}' wants its version behind its name, as in 'dnsmasq 2.90'", value.text));
  return software;
}

}  // namespace hanglab::scenario
