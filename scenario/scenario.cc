#include "scenario/scenario.hh"

#include <algorithm>

#include <fmt/format.h>

#include "scenario/override.hh"
#include "scenario/read_file.hh"
#include "scenario/readers.hh"
#include "scenario/schema.hh"
#include "scenario/units.hh"
#include "scenario/value.hh"

namespace hanglab::scenario {

namespace {

// Provenance: the file as it stands, or what --set made of it.
std::string effective_text(const std::string& text, const Value& root, const std::string& file_name,
                           const std::vector<std::string>& overrides) {
  if (overrides.empty()) return text;
  return fmt::format("# {}, with {} --set applied\n", file_name, overrides.size()) + write_yaml(root);
}

// glibc without a resolv.conf asks 127.0.0.1: seldom what a scenario means to show.
void warn_of_missing_resolv_conf(const Value& root, const HostGroups& groups, Scenario& scenario) {
  for (const auto& group : groups) {
    const auto& [name, where, value] = *root.find("hosts")->entry(group.name);
    const auto looks_up = [&](const LookupPlan& plan) {
      return plan.host >= group.first && plan.host < group.first + group.count;
    };
    if (!value.find("resolv.conf") && std::ranges::any_of(scenario.lookups, looks_up))
      scenario.warnings.push_back(fmt::format(
          "{}: {} looks names up without a resolv.conf: it will ask 127.0.0.1", where.to_string(), name));
  }
}

}  // namespace

std::vector<IpAddress> Interface::addresses() const {
  std::vector<IpAddress> all;
  if (has_ipv4()) all.emplace_back(address.address);
  all.insert(all.end(), more_addresses.begin(), more_addresses.end());
  for (const auto& prefix : ipv6_addresses) all.emplace_back(prefix.address);
  return all;
}

bool Host::has_ipv6() const {
  return std::ranges::any_of(interfaces, [](const Interface& one) { return !one.ipv6_addresses.empty(); });
}

bool Link::is_even() const {
  return jitter == Duration{} && loss == 0 && !bursts && lose_a.empty() && lose_b.empty() && outages.empty();
}

std::optional<std::size_t> Scenario::host_index(std::string_view host) const {
  const auto found = std::ranges::find(hosts, host, &Host::name);
  if (found == hosts.end()) return {};
  return static_cast<std::size_t>(found - hosts.begin());
}

Workload Scenario::workload() const {
  Workload all;
  for (const auto& plan : lookups)
    for (int i = 0; i < plan.count; ++i)
      all.push_back({.host = hosts[plan.host].name,
                     .client = plan.client,
                     .call = plan.call,
                     .name = plan.name,
                     .family = plan.family,
                     .at = plan.at + i * plan.every});
  std::ranges::stable_sort(all, {}, &PlannedLookup::at);
  return all;
}

Scenario parse(const std::string& text, const std::string& file_name,
               const std::vector<std::string>& overrides) {
  Value root = parse_yaml(text, file_name);
  for (const auto& argument : overrides) apply_override(root, scenario_schema(), argument);
  check_shape(root, scenario_schema());

  const std::filesystem::path path(file_name);
  Scenario scenario{.name = path.stem().string(),
                    .text = effective_text(text, root, file_name, overrides),
                    .overrides = overrides};
  if (const auto* name = root.text_of("name")) scenario.name = *name;
  if (const auto* description = root.text_of("description")) scenario.description = *description;
  if (const Value* give_up = root.find("give_up")) {
    scenario.give_up = read_duration(give_up->text, give_up->where);
    if (scenario.give_up == Duration{})
      throw InputError(give_up->where, "'give_up' must leave a lookup some time");
  }
  const auto groups = read_hosts(*root.find("hosts"), path.parent_path(), scenario);
  read_bridges_and_links(root, groups, scenario);
  read_lookups(*root.find("lookups"), groups, scenario);
  warn_of_missing_resolv_conf(root, groups, scenario);
  return scenario;
}

Scenario load(const std::filesystem::path& file, const std::vector<std::string>& overrides) {
  return parse(read_file(file, {file.string()}, "cannot read it"), file.string(), overrides);
}

}  // namespace hanglab::scenario
