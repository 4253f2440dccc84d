#include <algorithm>
#include <cctype>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>

#include "scenario/readers.hh"
#include "scenario/suggest.hh"
#include "scenario/sysctls.hh"
#include "scenario/units.hh"

namespace hanglab::scenario {

namespace {

constexpr std::size_t longest_host_name = 63;  // one DNS label
constexpr std::int64_t most_copies = 10'000;

// Takes a number off the front of `text`.
std::optional<int> take_number(std::string_view& text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

// "4.18", and as `uname -r` prints it "4.18.0-553.el8_10.x86_64".
void read_version(const Value& value, Kernel& kernel) {
  std::string_view text = value.text;
  const auto major = take_number(text);
  const bool has_point = text.starts_with('.');
  if (has_point) text.remove_prefix(1);
  const auto minor = has_point ? take_number(text) : std::nullopt;
  if (!major || !minor || (!text.empty() && text.front() != '.' && text.front() != '-'))
    throw InputError(value.where, fmt::format("bad kernel version '{}': wanted as 6.1", value.text));
  if (std::pair(*major, *minor) < std::pair(4, 8))
    throw InputError(value.where,
                     fmt::format("kernel {}: the lab models the timers of Linux 4.8 and later", value.text));
  kernel.major = *major;
  kernel.minor = *minor;
}

// The choices of the kernel's Kconfig.hz.
void read_hz(const Value& value, Kernel& kernel) {
  const std::vector<std::string> known{"100", "250", "300", "1000"};
  if (std::ranges::find(known, value.text) == known.end())
    throw InputError(value.where,
                     fmt::format("no kernel ticks at {} Hz; known: 100, 250, 300, 1000", value.text));
  kernel.hz = std::stoi(value.text);
}

// All that the copies of one host have in common.
Host read_common(const Value& value, std::vector<std::string>& warnings) {
  Host host;
  host.interfaces = read_interfaces(*value.find("interfaces"));
  if (const Value* kernel = value.find("kernel")) host.kernel = read_kernel(*kernel);
  if (const Value* cpu = value.find("cpu")) {
    if (const Value* syscall = cpu->find("syscall"))
      host.cpu.syscall = read_duration(syscall->text, syscall->where);
    if (const Value* wakeup = cpu->find("wakeup"))
      host.cpu.wakeup = read_duration(wakeup->text, wakeup->where);
  }
  if (const Value* sysctls = value.find("sysctls")) host.sysctls = read_sysctls(*sysctls, host.kernel);
  const auto forward = host.sysctls.find("net.ipv4.ip_forward");
  host.forwards = forward != host.sysctls.end() && forward->second == "1";
  const auto forward_ipv6 = host.sysctls.find("net.ipv6.conf.all.forwarding");
  host.forwards_ipv6 = forward_ipv6 != host.sysctls.end() && forward_ipv6->second == "1";
  read_name_service(value, host, warnings);
  if (const Value* rules = value.find("iptables")) {
    host.iptables_text = rules->text;
    host.firewall = kernel::Ruleset::parse(rules->text, rules->text_where);
  }
  if (const auto* rules = value.entry("ip6tables")) {
    if (!host.has_ipv6())
      throw InputError(rules->where, "ip6tables on a host without an IPv6 address; give an interface one");
    host.ip6tables_text = rules->value.text;
    host.firewall_ipv6 = kernel::Ruleset::parse(rules->value.text, rules->value.text_where, IpVersion::v6);
  }
  return host;
}

class AddressBook {
 public:
  void enter(const Host& host, const Value& interfaces) {
    for (const auto& one : host.interfaces) {
      const Location& where = interfaces.find(one.name)->where;
      const auto owner = fmt::format("{}.{}", host.name, one.name);
      for (const auto& address : one.addresses()) enter(address, owner, where);
    }
  }

 private:
  void enter(const IpAddress& address, const std::string& owner, const Location& where) {
    const auto [known, is_new] = owners_.emplace(address, owner);
    if (!is_new)
      throw InputError(where, fmt::format("{} cannot have {}: it belongs to {}", owner, to_string(address),
                                          known->second));
  }

  std::map<IpAddress, std::string> owners_;
};

}  // namespace

Kernel read_kernel(const Value& value) {
  Kernel kernel;
  if (const Value* version = value.find("version")) read_version(*version, kernel);
  if (const Value* hz = value.find("hz")) read_hz(*hz, kernel);
  return kernel;
}

void check_name(const std::string& name, std::string_view what, std::size_t most, const Location& where) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; };
  if (name.empty() || name.size() > most || name.front() == '-' || !std::ranges::all_of(name, fits))
    throw InputError(where, fmt::format("'{}' cannot name {}: letters, digits, - and _, at most {} of them",
                                        name, what, most));
}

HostGroups read_hosts(const Value& hosts, const std::filesystem::path& directory, Scenario& scenario) {
  HostGroups groups;
  AddressBook addresses;
  std::set<std::string> names;
  for (const auto& [name, where, value] : hosts.entries) {
    check_name(name, "a host", longest_host_name, where);
    const Value* count = value.find("count");
    const auto copies = count ? read_whole(count->text, 1, most_copies, count->where) : 1;
    groups.push_back({name, scenario.hosts.size(), static_cast<std::size_t>(copies)});
    const Host common = read_common(value, scenario.warnings);
    const Value& interfaces = *value.find("interfaces");
    for (std::size_t copy = 0; copy < groups.back().count; ++copy) {
      Host host = common;
      host.name = count ? fmt::format("{}-{}", name, copy + 1) : name;
      if (!names.insert(host.name).second)
        throw InputError(where, fmt::format("a second host '{}'", host.name));
      for (auto& one : host.interfaces) count_up(one, copy, *interfaces.find(one.name));
      addresses.enter(host, interfaces);
      if (const Value* routes = value.find("routes")) read_routes(*routes, host);
      if (const Value* servers = value.find("dns"))
        host.dns_servers = read_dns_servers(*servers, host, directory);
      scenario.hosts.push_back(std::move(host));
    }
  }
  if (groups.empty()) throw InputError(hosts.where, "a scenario needs a host");
  return groups;
}

HostGroup find_group(const std::string& name, const Location& where, const HostGroups& groups,
                     const Scenario& scenario) {
  const auto group = std::ranges::find(groups, name, &HostGroup::name);
  if (group != groups.end()) return *group;
  if (const auto copy = scenario.host_index(name)) return {name, *copy, 1};
  std::vector<std::string> known;
  for (const auto& one : groups) known.push_back(one.name);
  throw InputError(where, fmt::format("no host '{}'{}", name, suggestion(name, known)));
}

}  // namespace hanglab::scenario
