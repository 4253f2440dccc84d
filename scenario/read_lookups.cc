#include <fmt/format.h>

#include "core/address.hh"
#include "scenario/readers.hh"
#include "scenario/software.hh"
#include "scenario/suggest.hh"
#include "scenario/units.hh"

namespace hanglab::scenario {

namespace {

constexpr std::int64_t most_lookups = 1'000'000;

Family read_family(const Value& value) {
  if (value.text == "unspec") return Family::unspec;
  if (value.text == "inet") return Family::inet;
  if (value.text == "inet6") return Family::inet6;
  throw InputError(value.where, fmt::format("no address family '{}'{}", value.text,
                                            suggestion(value.text, {"unspec", "inet", "inet6"})));
}

// RFC 1035 2.3.4, and nothing that getaddrinfo() would answer without a lookup.
std::string read_dns_name(const Value& value) {
  const auto refuse = [&](std::string_view why) {
    return InputError(value.where, fmt::format("'{}' {}", value.text, why));
  };
  if (parse_ip(value.text)) throw refuse("is an address: there is nothing to look up");
  std::string_view rest = value.text;
  if (rest.ends_with('.')) rest.remove_suffix(1);
  if (rest.empty() || rest.size() > 253) throw refuse("is no name: 1 to 253 characters are wanted");
  for (std::size_t dot = 0; dot != std::string_view::npos; rest.remove_prefix(dot + 1)) {
    dot = rest.find('.');
    const auto label = rest.substr(0, dot);
    if (label.empty() || label.size() > 63) throw refuse("is no name: a label has 1 to 63 characters");
    if (label.find_first_of(" \t\r\n") != std::string_view::npos)
      throw refuse("is no name: it holds a blank");
    if (dot == std::string_view::npos) break;
  }
  return value.text;
}

Duration duration_of(const Value& lookup, std::string_view key) {
  const Value* value = lookup.find(key);
  return value ? read_duration(value->text, value->where) : Duration{};
}

// Times are sums and products of what the file says: refuse those that no clock would reach.
void check_end(const LookupPlan& plan, Duration stagger, std::size_t hosts, const Location& where) {
  constexpr double longest_s = 10'000.0 * 3600;
  const double end_s = to_seconds(plan.at) + to_seconds(plan.every) * plan.count +
                       to_seconds(stagger) * static_cast<double>(hosts);
  if (end_s > longest_s)
    throw InputError(where, "the last of these lookups would begin after more than 10000 h");
}

}  // namespace

void read_lookups(const Value& lookups, const HostGroups& groups, Scenario& scenario) {
  std::int64_t total = 0;
  for (const auto& value : lookups.items) {
    const Value& host = *value.find("host");
    const auto group = find_group(host.text, host.where, groups, scenario);
    const std::string client = read_client(*value.find("client"));
    LookupPlan plan{.client = client,
                    .call = usual_call(client),
                    .name = read_dns_name(*value.find("name")),
                    .at = duration_of(value, "at"),
                    .every = duration_of(value, "every")};
    if (const Value* call = value.find("call")) plan.call = read_call(*call, plan.client);
    if (const Value* family = value.find("family")) plan.family = read_family(*family);
    if (const Value* count = value.find("count"))
      plan.count = static_cast<int>(read_whole(count->text, 1, most_lookups, count->where));
    if (plan.count > 1 && !value.find("every"))
      throw InputError(value.find("count")->where,
                       "'count' wants 'every': how long after one the next begins");
    const Duration stagger = duration_of(value, "stagger");
    check_end(plan, stagger, group.count, value.where);
    total += plan.count * static_cast<std::int64_t>(group.count);
    if (total > most_lookups)
      throw InputError(value.where, fmt::format("more than {} lookups in one run", most_lookups));
    for (std::size_t copy = 0; copy < group.count; ++copy) {
      plan.host = group.first + copy;
      scenario.lookups.push_back(plan);
      plan.at += stagger;
    }
  }
  if (scenario.lookups.empty()) throw InputError(lookups.where, "no lookups: nothing would happen");
}

}  // namespace hanglab::scenario
