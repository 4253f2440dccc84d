#include "models/resolvers/cares_config.hh"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "core/dns.hh"
#include "core/words.hh"

namespace hanglab::resolvers::cares {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view blanks = " \t\r\v\f";
constexpr std::uint16_t dns_port = 53;
constexpr Endpoint local_server{Ipv4Address{0x7f000001}, dns_port};  // where no other is named

struct Setting {
  std::string_view keyword;
  std::string_view value;
};

// The first word of a line and what follows it; nothing where either is missing.
std::optional<Setting> setting_of(std::string_view line) {
  const auto words = words_of(line, blanks);
  if (words.size() < 2) return {};
  const auto* end = words.back().data() + words.back().size();
  return Setting{.keyword = words[0],
                 .value = {words[1].data(), static_cast<std::size_t>(end - words[1].data())}};
}

int number(std::string_view text) { return std::atoi(std::string(text).c_str()); }

// Each domain once.
std::vector<std::string> domains(std::string_view text) {
  std::vector<std::string> found;
  for (const auto domain : words_of(text, ", "))
    if (std::ranges::none_of(found, [&](const auto& other) { return dns::same_name(other, domain); }))
      found.emplace_back(domain);
  return found;
}

// Only the first letter of each word counts, and no more than two words do.
std::string lookups_by_letter(const std::vector<std::string_view>& words, std::string_view dns_letters,
                              char files_letter) {
  std::string lookups;
  for (const auto word : words) {
    if (lookups.size() == 2) break;
    if (dns_letters.find(word[0]) != std::string_view::npos) lookups += 'b';
    if (word[0] == files_letter) lookups += 'f';
  }
  return lookups;
}

// What has not been set yet; the first line that sets an option holds, the last that sets a search list.
struct OldOptions {
  std::optional<int> ndots{};
  std::optional<int> timeout_ms{};
  std::optional<int> tries{};
};

void read_options_1_18(std::string_view text, OldOptions& options, Config& config) {
  const auto set_once = [](std::optional<int>& option, std::string_view word, std::string_view name) {
    if (!option && word.starts_with(name)) option = number(word.substr(name.size()));
  };
  for (const auto word : words_of(text, blanks)) {
    set_once(options.ndots, word, "ndots:");
    set_once(options.timeout_ms, word, "retrans:");
    set_once(options.tries, word, "retry:");
    if (word.starts_with("rotate")) config.rotate = true;
  }
}

// An address, and with it perhaps a port: "192.168.122.1:5353", "[2001:db8::1]:5353".
std::optional<Endpoint> server_1_34(std::string_view text) {
  if (const auto address = parse_ipv6(text)) return Endpoint{*address, dns_port};
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    const auto address =
        close == std::string_view::npos ? std::nullopt : parse_ipv6(text.substr(1, close - 1));
    if (!address) return {};
    const auto rest = text.substr(close + 1);
    if (rest.empty()) return Endpoint{*address, dns_port};
    const int port = rest.starts_with(':') ? number(rest.substr(1)) : 0;
    if (port <= 0 || port > 0xffff) return {};
    return Endpoint{*address, static_cast<std::uint16_t>(port)};
  }
  const auto colon = text.find(':');
  const auto address = parse_ipv4(text.substr(0, colon));
  if (!address) return {};
  if (colon == std::string_view::npos) return Endpoint{*address, dns_port};
  const int port = number(text.substr(colon + 1));
  if (port <= 0 || port > 0xffff) return {};
  return Endpoint{*address, static_cast<std::uint16_t>(port)};
}

void read_options_1_34(std::string_view text, Config& config) {
  for (const auto word : words_of(text, " \t")) {
    const auto colon = word.find(':');
    const auto key = word.substr(0, colon);
    const int value = colon == std::string_view::npos ? 0 : number(word.substr(colon + 1));
    if ((key == "timeout" || key == "retrans") && value > 0) config.timeout = seconds(value);
    if ((key == "attempts" || key == "retry") && value > 0) config.tries = value;
    if (key == "rotate") config.rotate = true;
    if (key == "use-vc" || key == "usevc") config.use_tcp = true;
  }
}

}  // namespace

std::string name_of(Status status) {
  switch (status) {
    case Status::success: return "SUCCESS";
    case Status::enodata: return "ENODATA";
    case Status::eformerr: return "EFORMERR";
    case Status::eservfail: return "ESERVFAIL";
    case Status::enotfound: return "ENOTFOUND";
    case Status::enotimp: return "ENOTIMP";
    case Status::erefused: return "EREFUSED";
    case Status::ebadresp: return "EBADRESP";
    case Status::econnrefused: return "ECONNREFUSED";
    case Status::etimeout: return "ETIMEOUT";
  }
  return {};
}

Config read_config_1_18(std::string_view resolv_conf, const kernel::NssHosts& nss_hosts,
                        std::string_view hostname) {
  Config config{.lookups = {}};
  OldOptions options;
  for (const auto whole_line : words_of(resolv_conf, "\n")) {
    const auto line = whole_line.substr(0, whole_line.find_first_of("#;"));  // a comment may follow
    const auto setting = setting_of(line);
    if (!setting) continue;
    if (setting->keyword == "domain") {
      config.search = domains(words_of(setting->value, blanks)[0]);
    } else if (setting->keyword == "search") {
      config.search = domains(setting->value);
    } else if (setting->keyword == "lookup" && config.lookups.empty()) {
      config.lookups = lookups_by_letter(words_of(setting->value, " \t,"), "b", 'f');
    } else if (setting->keyword == "nameserver") {
      for (const auto word : words_of(setting->value, " \t,"))
        if (const auto address = parse_ip(word)) config.servers.push_back({*address, dns_port});
    } else if (setting->keyword == "options") {
      read_options_1_18(setting->value, options, config);
    }
  }
  config.ndots = options.ndots.value_or(1);
  config.timeout = milliseconds(options.timeout_ms.value_or(5000));
  config.tries = options.tries.value_or(4);
  if (config.servers.empty()) config.servers = {local_server};
  if (const auto dot = hostname.find('.'); config.search.empty() && dot != std::string_view::npos)
    config.search = {std::string(hostname.substr(dot + 1))};
  if (config.lookups.empty()) {
    std::vector<std::string_view> services;
    for (const auto& service : nss_hosts) services.push_back(service.name);
    config.lookups = lookups_by_letter(services, "dr", 'f');
  }
  if (config.lookups.empty()) config.lookups = "fb";
  return config;
}

Config read_config_1_34(std::string_view resolv_conf) {
  Config config{.timeout = seconds(2), .tries = 3};
  for (const auto line : words_of(resolv_conf, "\n")) {
    const auto setting = setting_of(line);
    if (!setting || setting->keyword.starts_with('#') || setting->keyword.starts_with(';')) continue;
    if (setting->keyword == "options") read_options_1_34(setting->value, config);
    if (setting->keyword != "nameserver") continue;
    for (const auto word : words_of(setting->value, " ,")) {
      const auto server = server_1_34(word);
      if (server && std::ranges::find(config.servers, *server) == config.servers.end())
        config.servers.push_back(*server);
    }
  }
  if (config.servers.empty()) config.servers = {local_server};
  return config;
}

}  // namespace hanglab::resolvers::cares
