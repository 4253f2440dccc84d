#include "models/servers/dnsmasq_option_table.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
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

// "/mydomain.net/" or "/a.example/b.example/": answered from here alone. Anything after the last slash
// is an upstream server, and an empty, "#" or "*" domain matches by other rules.
void add_local(DnsmasqOptions& options, const std::string& value) {
  if (value.size() < 3 || value.front() != '/' || value.back() != '/')
    throw BadValue("only /domain/ without a server is modelled, the lab has no upstream servers");
  std::istringstream domains(value.substr(1));
  for (std::string domain; std::getline(domains, domain, '/');) {
    if (domain.empty() || domain.find_first_of("#*") != std::string::npos)
      throw BadValue(fmt::format("the domain '{}' is not modelled", domain));
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

void set_local_ttl(DnsmasqOptions& options, const std::string& value) {
  options.local_ttl = static_cast<std::uint32_t>(number(value, 0, largest_int));
}

void set_max_tcp_connections(DnsmasqOptions& options, const std::string& value) {
  options.max_tcp_connections = number(value, 1, largest_int);
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
    {"cache-size", 'c', Value::required, set_cache_size},
    {"domain", 's', Value::required, set_domain},
    {"domain-needed", 'D', Value::none, set<&O::domain_needed>},
    {"edns-packet-max", 'P', Value::required, set_edns_packet_max},
    {"expand-hosts", 'E', Value::none, set<&O::expand_hosts>},
    {"local", 0, Value::required, add_local},
    {"local-ttl", 'T', Value::required, set_local_ttl},
    {"max-tcp-connections", 0, Value::required, set_max_tcp_connections, since_2_90},
    {"no-hosts", 'h', Value::none, set<&O::no_hosts>},
    {"no-resolv", 'R', Value::none, set<&O::no_resolv>},
    {"no-round-robin", 0, Value::none, set<&O::round_robin, false>, since_2_90},
    {"server", 'S', Value::required, add_local},
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
    // Upstream servers and the cache of what they said.
    {"all-servers", 0, Value::none},
    {"clear-on-reload", 0, Value::none},
    {"dns-forward-max", '0', Value::required},
    {"max-cache-ttl", 0, Value::required},
    {"max-ttl", 0, Value::required},
    {"min-cache-ttl", 0, Value::required},
    {"neg-ttl", 0, Value::required},
    {"no-negcache", 'N', Value::none},
    {"no-poll", 'n', Value::none},
    {"strict-order", 'o', Value::none},
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
