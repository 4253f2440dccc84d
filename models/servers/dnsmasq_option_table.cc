#include "models/servers/dnsmasq_option_table.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <sstream>

namespace hanglab::servers {

namespace {

constexpr bool since_2_90 = true;

int number(const std::string& text, int least, int most) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most)
    throw BadValue(fmt::format("'{}' is no number from {} to {}", text, least, most));
  return value;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

// An upstream server: an address, at port 53 if it says any.
Ipv4Address upstream_address(std::string text) {
  constexpr std::string_view same_port = "#53";
  if (text.ends_with(same_port)) text.resize(text.size() - same_port.size());
  const auto address = parse_ipv4(text);
  if (!address)
    throw BadValue(
        fmt::format("'{}' is no IPv4 address; ports, source addresses and '#' are not modelled", text));
  return *address;
}

// "/mydomain.net/" or "/a.example/b.example/": answered from here alone. What follows the last slash, or all
// of a value without one, is an upstream server. An empty, "#" or "*" domain matches by other rules.
void add_server(DnsmasqOptions& options, const std::string& value) {
  const auto last_slash = value.rfind('/');
  if (last_slash == std::string::npos) {
    options.servers.push_back({.domain = "", .address = upstream_address(value)});
    return;
  }
  if (value.front() != '/' || last_slash < 2) throw BadValue("wants ADDRESS, /domain/ or /domain/ADDRESS");
  std::optional<Ipv4Address> address;
  if (last_slash + 1 < value.size()) address = upstream_address(value.substr(last_slash + 1));
  std::istringstream domains(value.substr(1, last_slash - 1));
  for (std::string domain; std::getline(domains, domain, '/');) {
    if (domain.empty() || domain.find_first_of("#*") != std::string::npos)
      throw BadValue(fmt::format("the domain '{}' is not modelled", domain));
    if (address)
      options.servers.push_back({.domain = lower(domain), .address = *address});
    else
      options.local.push_back(lower(domain));
  }
}

void set_domain(DnsmasqOptions& options, const std::string& value) {
  if (value.find(',') != std::string::npos) throw BadValue("address ranges are not modelled");
  options.domain = lower(value);
}

constexpr int most_cache_entries = 5'000'000;
constexpr int largest_int = std::numeric_limits<int>::max();

void set_cache_size(DnsmasqOptions& options, const std::string& value) {
  options.cache_size = number(value, 0, most_cache_entries);
}

void set_edns_packet_max(DnsmasqOptions& options, const std::string& value) {
  options.edns_packet_max = static_cast<std::uint16_t>(std::max(512, number(value, 0, 65535)));
}

void set_max_tcp_connections(DnsmasqOptions& options, const std::string& value) {
  options.max_tcp_connections = number(value, 1, largest_int);
}

constexpr int longest_raised_ttl = 3600;  // TTL_FLOOR_LIMIT of src/config.h

template <auto Member, int Most = largest_int>
void set_seconds(DnsmasqOptions& options, const std::string& value) {
  options.*Member = static_cast<std::uint32_t>(std::min(Most, number(value, 0, largest_int)));
}

void set_forward_max(DnsmasqOptions& options, const std::string& value) {
  options.most_forwarded = number(value, 1, largest_int);
}

void refuse_other_port(DnsmasqOptions&, const std::string& value) {
  if (value != "53") throw BadValue("the lab's DNS servers listen on port 53");
}

void refuse_conf_file(DnsmasqOptions&, const std::string& value) {
  if (!value.empty() && value != "/dev/null") throw BadValue("give the options of the file themselves");
}

template <auto Member, bool Value = true>
void set(DnsmasqOptions& options, const std::string&) {
  options.*Member = Value;
}

using O = DnsmasqOptions;

// clang-format off: a table.
constexpr auto option_table = std::to_array<Option>({
    {"all-servers", 0, Value::none, set<&O::all_servers>},
    {"cache-size", 'c', Value::required, set_cache_size},
    {"dns-forward-max", '0', Value::required, set_forward_max},
    {"domain", 's', Value::required, set_domain},
    {"domain-needed", 'D', Value::none, set<&O::domain_needed>},
    {"edns-packet-max", 'P', Value::required, set_edns_packet_max},
    {"expand-hosts", 'E', Value::none, set<&O::expand_hosts>},
    {"local", 0, Value::required, add_server},
    {"local-ttl", 'T', Value::required, set_seconds<&O::local_ttl>},
    {"max-cache-ttl", 0, Value::required, set_seconds<&O::max_cache_ttl>},
    {"max-tcp-connections", 0, Value::required, set_max_tcp_connections, since_2_90},
    {"max-ttl", 0, Value::required, set_seconds<&O::max_ttl>},
    {"min-cache-ttl", 0, Value::required, set_seconds<&O::min_cache_ttl, longest_raised_ttl>},
    {"neg-ttl", 0, Value::required, set_seconds<&O::negative_ttl>},
    {"no-hosts", 'h', Value::none, set<&O::no_hosts>},
    {"no-negcache", 'N', Value::none, set<&O::negative_cache, false>},
    {"no-resolv", 'R', Value::none, set<&O::no_resolv>},
    {"no-round-robin", 0, Value::none, set<&O::round_robin, false>, since_2_90},
    {"server", 'S', Value::required, add_server},
    {"strict-order", 'o', Value::none, set<&O::strict_order>},
    // Where to listen and as whom to run: the scenario says that.
    {"bind-dynamic", 0, Value::none},
    {"bind-interfaces", 'z', Value::none},
    {"conf-file", 'C', Value::optional, refuse_conf_file},
    {"except-interface", 'I', Value::required},
    {"group", 'g', Value::optional},
    {"interface", 'i', Value::required},
    {"keep-in-foreground", 'k', Value::none},
    {"listen-address", 'a', Value::required},
    {"pid-file", 'x', Value::optional},
    {"port", 'p', Value::required, refuse_other_port},
    {"user", 'u', Value::optional},
    // Logging.
    {"log-async", 0, Value::optional},
    {"log-dhcp", 0, Value::none},
    {"log-facility", '8', Value::required},
    {"log-queries", 'q', Value::optional},
    // When to read its files anew, which never change here.
    {"clear-on-reload", 0, Value::none},
    {"no-poll", 'n', Value::none},
    // DHCP, as libvirt configures it: leases would add names, but the lab leases no addresses.
    {"dhcp-authoritative", 'K', Value::none},
    {"dhcp-hostsfile", 0, Value::required},
    {"dhcp-lease-max", 'X', Value::required},
    {"dhcp-leasefile", 'l', Value::optional},
    {"dhcp-no-override", 0, Value::none},
    {"dhcp-option", 'O', Value::required},
    {"dhcp-range", 'F', Value::required},
    {"dhcp-script", '6', Value::required},
    {"enable-ra", 0, Value::none},
    {"leasefile-ro", '9', Value::none},
    {"no-ping", '5', Value::none},
});
// clang-format on

const Option* or_null(const Option* found) { return found == option_table.end() ? nullptr : found; }

}  // namespace

const Option* find_option(std::string_view name) {
  return or_null(std::ranges::find(option_table, name, &Option::name));
}

const Option* find_option(char letter) {
  return or_null(std::ranges::find(option_table, letter, &Option::letter));
}

}  // namespace hanglab::servers
