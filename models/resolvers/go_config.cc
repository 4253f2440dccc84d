#include "models/resolvers/go_config.hh"

#include <algorithm>
#include <cctype>
#include <optional>
#include <sstream>

#include "core/dns.hh"
#include "models/resolvers/go_dns.hh"

namespace hanglab::resolvers::go {

namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t most_servers = 3;
constexpr int most_ndots = 15;
constexpr int big = 0xffffff;  // where reading a number stops
constexpr std::size_t longest_name = 254;
constexpr std::size_t longest_label = 63;

std::vector<std::string> words(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> found;
  for (std::string word; in >> word;) found.push_back(word);
  return found;
}

std::string rooted(std::string_view name) {
  return name.ends_with('.') ? std::string(name) : std::string(name) + '.';
}

std::string_view unrooted(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name;
}

bool ends_with_name(std::string_view name, std::string_view suffix) {
  return name.size() >= suffix.size() && dns::same_name(name.substr(name.size() - suffix.size()), suffix);
}

// The digits that a text begins with; 0 where there are none, or a sign.
int number(std::string_view digits) {
  int value = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') break;
    value = value * 10 + (c - '0');
    if (value >= big) return big;
  }
  return value;
}

std::optional<int> number_of(std::string_view option, std::string_view name) {
  if (!option.starts_with(name)) return {};
  return number(option.substr(name.size()));
}

void set_option(const std::string& option, Config& config, const Version& version) {
  if (const auto dots = number_of(option, "ndots:")) {
    config.ndots = static_cast<std::size_t>(std::min(*dots, most_ndots));
  } else if (const auto seconds = number_of(option, "timeout:")) {
    config.timeout = std::chrono::seconds(std::max(*seconds, 1));
  } else if (const auto attempts = number_of(option, "attempts:")) {
    config.attempts = std::max(*attempts, 1);
  } else if (option == "rotate") {
    config.rotate = true;
  } else if (option == "single-request" || option == "single-request-reopen") {
    config.single_request = true;
  } else if (option == "use-vc" || option == "usevc" || option == "tcp") {
    config.use_tcp = true;
  } else if (version.knows_trust_ad && option == "trust-ad") {
    config.trust_ad = true;
  } else if (version.knows_trust_ad && (option == "edns0" || option == "no-reload")) {
    // EDNS(0) it uses anyway; nothing to reload here.
  } else {
    config.unknown_option = true;
  }
}

// "files" and "dns" have to do what they do by default, but that the last of them may stop the search.
bool standard_criteria(const kernel::NssService& service) {
  int stops = 0;
  for (const auto status :
       {kernel::NssStatus::tryagain, kernel::NssStatus::unavail, kernel::NssStatus::notfound}) {
    if (service.on(status) == kernel::NssAction::merge) return false;
    if (service.on(status) == kernel::NssAction::stop) ++stops;
  }
  return service.on(kernel::NssStatus::success) == kernel::NssAction::stop && stops <= 1;
}

// What nss-myhostname would answer itself.
bool is_own_name(std::string_view name, std::string_view hostname) {
  for (const std::string_view local : {"localhost", "localhost.localdomain"})
    if (dns::same_name(name, local) || ends_with_name(name, "." + std::string(local))) return true;
  return dns::same_name(name, "gateway") || dns::same_name(name, hostname);
}

// What Go would rather leave to the C library.
bool has_oddities(const Config& config, const kernel::NssHosts& hosts, std::string_view name,
                  std::string_view hostname) {
  if (config.unknown_option || ends_with_name(name, ".local")) return true;
  return std::ranges::any_of(hosts, [&](const kernel::NssService& service) {
    if (service.name == "files" || service.name == "dns") return !standard_criteria(service);
    if (service.name == "myhostname") return is_own_name(name, hostname);
    return !service.name.starts_with("mdns");
  });
}

// RFC 7686: never to be asked for.
bool is_onion(std::string_view name) { return ends_with_name(unrooted(name), ".onion"); }

}  // namespace

Config read_config(std::string_view resolv_conf, std::string_view hostname, const Version& version) {
  Config config;
  std::istringstream lines{std::string(resolv_conf)};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(';') || line.starts_with('#')) continue;
    const auto fields = words(line);
    if (fields.empty()) continue;
    if (fields[0] == "nameserver") {
      if (fields.size() == 1 || config.servers.size() == most_servers) continue;
      const auto address = parse_ip(fields[1].substr(0, fields[1].find('%')));
      if (address) config.servers.push_back({*address, dns_port});
    } else if (fields[0] == "domain") {
      if (fields.size() > 1) config.search = {rooted(fields[1])};
    } else if (fields[0] == "search") {
      config.search.clear();
      for (std::size_t i = 1; i < fields.size(); ++i) {
        const std::string domain = rooted(fields[i]);
        if (domain != "." || !version.skips_root_in_search) config.search.push_back(domain);
      }
    } else if (fields[0] == "options") {
      for (std::size_t i = 1; i < fields.size(); ++i) set_option(fields[i], config, version);
    } else if (fields[0] != "lookup") {
      config.unknown_option = true;
    }
  }
  if (config.servers.empty()) config.servers = {{Ipv4Address{0x7f000001}, dns_port}};
  const auto dot = hostname.find('.');
  if (config.search.empty() && dot != std::string_view::npos && dot + 1 < hostname.size())
    config.search = {rooted(hostname.substr(dot + 1))};
  return config;
}

Order lookup_order(const Config& config, const kernel::NssHosts& hosts, std::string_view name,
                   std::string_view hostname, const Version& version) {
  if (!version.orders_all && has_oddities(config, hosts, unrooted(name), hostname)) return Order::files_dns;
  const bool names_dns = std::ranges::count(hosts, "dns", &kernel::NssService::name) > 0;
  bool files = false;
  bool dns = false;
  bool dns_first = false;
  for (const kernel::NssService& service : hosts) {
    const bool is_files = service.name == "files";
    const bool stands_for_dns = version.orders_all && !is_files && !names_dns;
    const bool is_dns = service.name == "dns" || stands_for_dns;
    if (is_dns && !files && !dns) dns_first = true;
    files = files || is_files;
    dns = dns || is_dns;
  }
  if (files && dns) return dns_first ? Order::dns_files : Order::files_dns;
  if (files) return Order::files;
  return dns ? Order::dns : Order::files_dns;
}

bool is_domain_name(std::string_view name) {
  if (name == ".") return true;
  if (name.empty() || name.size() > longest_name || (name.size() == longest_name && !name.ends_with('.')))
    return false;
  bool has_letter = false;  // or a hyphen or underscore: an address has none
  name = unrooted(name);
  while (true) {
    const auto label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > longest_label || label.front() == '-' || label.back() == '-')
      return false;
    for (const char c : label) {
      const bool is_digit = c >= '0' && c <= '9';
      if (!is_digit && c != '-' && c != '_' && std::isalpha(static_cast<unsigned char>(c)) == 0) return false;
      has_letter = has_letter || !is_digit;
    }
    if (label.size() == name.size()) return has_letter;
    name.remove_prefix(label.size() + 1);
  }
}

std::vector<std::string> name_list(const Config& config, const std::string& name, const Version& version) {
  if (is_onion(name) && (!version.searches_onion || name.ends_with('.'))) return {};
  if (name.ends_with('.')) return {name};
  const bool first = static_cast<std::size_t>(std::ranges::count(name, '.')) >= config.ndots;
  const std::string alone = name + '.';
  std::vector<std::string> names;
  if (first) names.push_back(alone);
  for (const std::string& domain : config.search)
    if (alone.size() + domain.size() <= longest_name) names.push_back(alone + domain);
  if (!first) names.push_back(alone);
  if (version.searches_onion) std::erase_if(names, is_onion);
  return names;
}

std::vector<IpAddress> static_addresses(std::string_view etc_hosts, std::string_view name) {
  std::vector<IpAddress> found;
  std::istringstream lines{std::string(etc_hosts)};
  for (std::string line; std::getline(lines, line);) {
    const auto fields = words(line.substr(0, line.find('#')));
    if (fields.empty()) continue;
    const auto address = parse_ip(fields[0]);
    if (!address) continue;
    for (std::size_t i = 1; i < fields.size(); ++i)
      if (dns::same_name(unrooted(fields[i]), unrooted(name))) found.push_back(*address);
  }
  return found;
}

}  // namespace hanglab::resolvers::go
