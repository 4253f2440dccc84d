#include "models/servers/resolved_conf.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>

namespace hanglab::servers {

namespace {

constexpr std::string_view blank = " \t\r";

struct Setting {
  Word key;
  Word value;
};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(blank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blank) + 1 - begin);
}

// The settings of [Resolve]. systemd passes over other sections.
std::vector<Setting> settings_of(const PlacedText& text) {
  std::vector<Setting> settings;
  std::string section;
  std::size_t next = 0;
  for (std::size_t at = 0; at < text.text.size(); at = next) {
    const std::size_t end = std::min(text.text.find('\n', at), text.text.size());
    next = end + 1;
    const auto line = trimmed(std::string_view(text.text).substr(at, end - at));
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    const auto offset_of = [&](std::string_view part) {
      return static_cast<std::size_t>(part.data() - text.text.data());
    };
    const Location here = place_in(text, offset_of(line));
    if (line.front() == '[') {
      if (line.back() != ']') throw InputError(here, "'[' without ']'");
      section = line.substr(1, line.size() - 2);
      continue;
    }
    if (line.back() == '\\') throw InputError(here, "the lab does not read lines that go on behind a '\\'");
    if (section.empty()) throw InputError(here, "a setting wants its section before it, [Resolve]");
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) throw InputError(here, fmt::format("'{}' has no '='", line));
    if (section != "Resolve") continue;
    const auto value = trimmed(line.substr(equals + 1));
    settings.push_back({.key = {.text = std::string(trimmed(line.substr(0, equals))), .where = here},
                        .value = {.text = std::string(value),
                                  .where = value.empty() ? here : place_in(text, offset_of(value))}});
  }
  return settings;
}

std::optional<bool> boolean(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; });
  for (const auto* yes : {"1", "yes", "y", "true", "t", "on"})
    if (text == yes) return true;
  for (const auto* no : {"0", "no", "n", "false", "f", "off"})
    if (text == no) return false;
  return {};
}

bool yes_or_no(const Word& word) {
  const auto value = boolean(word.text);
  if (!value) throw InputError(word.where, fmt::format("'{}' is neither yes nor no", word.text));
  return *value;
}

void add_servers(ResolvedConf& conf, const Word& value) {
  if (value.text.empty()) conf.servers.clear();
  std::istringstream words(value.text);
  for (std::string word; words >> word;) {
    const auto address = parse_ip(word);
    if (!address)
      throw InputError(value.where,
                       fmt::format("'{}' is no address; the lab asks port 53 of plain addresses", word));
    if (std::ranges::find(conf.servers, *address) == conf.servers.end()) conf.servers.push_back(*address);
  }
}

ResolvedConf::Cache cache_mode(const Word& value) {
  if (value.text == "no-negative") return ResolvedConf::Cache::no_negative;
  return yes_or_no(value) ? ResolvedConf::Cache::yes : ResolvedConf::Cache::no;
}

// What the lab has no model of, where it is not turned off.
void want_no(const Setting& setting, std::string_view what) {
  const auto value = boolean(setting.value.text);
  if (!value || *value)
    throw InputError(setting.value.where,
                     fmt::format("{}={}: the lab has no {}", setting.key.text, setting.value.text, what));
}

bool changes_nothing(const Setting& setting) {
  const auto& [key, value] = setting;
  if (key.text == "FallbackDNS" || key.text == "Domains") return value.text.empty();
  return key.text == "DNSStubListener" && boolean(value.text) == true;
}

}  // namespace

ResolvedConf parse_resolved_conf(const PlacedText& text) {
  ResolvedConf conf;
  const std::map<std::string_view, std::string_view> only_no{{"LLMNR", "LLMNR"},
                                                             {"MulticastDNS", "multicast DNS"},
                                                             {"DNSSEC", "DNSSEC validation"},
                                                             {"DNSOverTLS", "DNS over TLS"}};
  std::map<std::string_view, bool> said;
  for (const auto& setting : settings_of(text)) {
    const auto& [key, value] = setting;
    if (const auto off = only_no.find(key.text); off != only_no.end()) {
      want_no(setting, off->second);
      said[off->first] = true;
    } else if (key.text == "DNS") {
      add_servers(conf, value);
    } else if (key.text == "Cache") {
      conf.cache = cache_mode(value);
    } else if (key.text == "CacheFromLocalhost") {
      conf.cache_from_localhost = yes_or_no(value);
    } else if (key.text == "ResolveUnicastSingleLabel") {
      conf.single_label_names = yes_or_no(value);
    } else if (key.text == "ReadEtcHosts") {
      yes_or_no(value);
    } else if (!changes_nothing(setting)) {
      throw InputError(key.where,
                       fmt::format("the lab's systemd-resolved does not know '{}={}'", key.text, value.text));
    }
  }
  for (const auto* name : {"LLMNR", "MulticastDNS"})
    if (!said[name])
      throw InputError(text.where,
                       fmt::format("resolved.conf has to say {}=no: by default systemd-resolved asks the "
                                   "network's hosts by multicast, which the lab does not have",
                                   name));
  if (conf.servers.empty()) throw InputError(text.where, "resolved.conf names no server: it wants a DNS=");
  return conf;
}

}  // namespace hanglab::servers
