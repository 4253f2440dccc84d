#include "analysis/summary.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>

#include "analysis/explain.hh"
#include "analysis/statistics.hh"

namespace hanglab::analysis {

namespace {

constexpr std::size_t samples_kept = 101;  // whole lookups of each way, to explain it by

// How a lookup ended and by which road.
struct WayKey {
  Outcome outcome{};
  std::string error;
  std::string road;

  auto operator<=>(const WayKey&) const = default;
};

std::string road_of(const Lookup& lookup) {
  std::string road;
  for (const auto& attempt : lookup.attempts)
    road += fmt::format("{} {} {};", to_string(attempt.transport), to_string(attempt.server.address),
                        attempt.result);
  return road;
}

struct Kept {
  Duration duration{};
  std::uint32_t way = 0;  // in Ways
  bool censored = false;
};

// By time, lookups that returned before those that were still hanging then.
bool shorter(const Kept& a, const Kept& b) {
  return std::tie(a.duration, a.censored) < std::tie(b.duration, b.censored);
}

// The values of keys, numbered in the order of their first appearance.
template <class Key, class Value>
struct Numbered {
  std::map<Key, std::size_t> index{};
  std::vector<Value> values{};

  Value& at(const Key& key) { return values[number(key)]; }
  std::size_t number(const Key& key) {
    const auto [at, fresh] = index.try_emplace(key, values.size());
    if (fresh) values.emplace_back();
    return at->second;
  }
};

struct Samples {
  WayKey key;
  std::vector<Lookup> lookups;
};

struct HostLookups {
  std::string host;
  std::vector<Kept> kept;
};

// What one row, or one row a host, is made of.
struct Group {
  std::string scenario, client, call, name;
  Numbered<WayKey, Samples> ways;
  Numbered<std::string, HostLookups> hosts;
};

// The explanation of the sample nearest in time; among equals of the first, for the same line every time.
std::string explanation(const Samples& samples, Duration median) {
  const auto distance = [&](const Lookup& lookup) { return std::chrono::abs(lookup.duration - median); };
  return explain(
      *std::min_element(samples.lookups.begin(), samples.lookups.end(),
                        [&](const Lookup& a, const Lookup& b) { return distance(a) < distance(b); }));
}

// `sorted` by time.
std::vector<Way> ways_of(const Group& group, const std::vector<Kept>& sorted) {
  std::vector<std::vector<Duration>> durations(group.ways.values.size());
  for (const Kept& kept : sorted) durations[kept.way].push_back(kept.duration);
  std::vector<Way> ways;
  for (std::size_t i = 0; i < durations.size(); ++i) {
    if (durations[i].empty()) continue;
    const Samples& samples = group.ways.values[i];
    ways.push_back({.outcome = samples.key.outcome,
                    .error = samples.key.error,
                    .lookups = durations[i].size(),
                    .why = explanation(samples, durations[i][(durations[i].size() - 1) / 2])});
  }
  std::stable_sort(ways.begin(), ways.end(), [](auto& a, auto& b) { return a.lookups > b.lookups; });
  return ways;
}

void count_outcomes(const Group& group, const std::vector<Kept>& lookups, SummaryRow& row) {
  std::map<std::string, std::size_t> errors;
  for (const Kept& kept : lookups) {
    const WayKey& key = group.ways.values[kept.way].key;
    if (key.outcome == Outcome::answered) ++row.answered;
    if (key.outcome == Outcome::failed) ++row.failed, ++errors[key.error];
    if (key.outcome == Outcome::hung) ++row.hung;
  }
  row.failed_by_error.assign(errors.begin(), errors.end());
  std::stable_sort(row.failed_by_error.begin(), row.failed_by_error.end(),
                   [](auto& a, auto& b) { return a.second > b.second; });
}

// `sorted` by time.
void measure(const std::vector<Kept>& sorted, SummaryRow& row) {
  std::vector<Duration> durations;
  for (const Kept& kept : sorted) durations.push_back(kept.duration);
  // From the first censored lookup on, an order statistic is only a lower bound.
  const auto censored =
      std::find_if(sorted.begin(), sorted.end(), [](const Kept& kept) { return kept.censored; });
  const auto known = static_cast<double>(censored - sorted.begin());
  const auto hang = [&](double p) {
    // The quantile leans on the order statistic just above its rank, if it has a fraction.
    const double highest = std::ceil(static_cast<double>(durations.size() - 1) * p);
    return Hang{.time = quantile(durations, p), .at_least = highest >= known};
  };
  row.shortest = hang(0);
  row.median = hang(0.5);
  row.p95 = hang(0.95);
  row.longest = hang(1);
}

SummaryRow row_of(const Group& group, std::vector<Kept> lookups, std::string host) {
  std::stable_sort(lookups.begin(), lookups.end(), shorter);
  SummaryRow row{.scenario = group.scenario,
                 .client = group.client,
                 .call = group.call,
                 .name = group.name,
                 .host = std::move(host),
                 .lookups = lookups.size()};
  count_outcomes(group, lookups, row);
  measure(lookups, row);
  row.ways = ways_of(group, lookups);
  return row;
}

}  // namespace

struct Summarizer::State {
  Numbered<std::tuple<std::string, std::string, std::string, std::string>, Group> groups;
  std::size_t latest = 0;  // group: as a rule the next lookup is of it too

  Group& group_of(const Lookup& lookup, const std::string& name) {
    if (latest < groups.values.size()) {
      Group& group = groups.values[latest];
      if (group.name == name && group.client == lookup.client && group.call == lookup.call &&
          group.scenario == lookup.scenario)
        return group;
    }
    latest = groups.number({lookup.scenario, lookup.client, lookup.call, name});
    Group& group = groups.values[latest];
    group.scenario = lookup.scenario;
    group.client = lookup.client;
    group.call = lookup.call;
    group.name = name;
    return group;
  }
};

Summarizer::Summarizer() : state_(std::make_unique<State>()) {}
Summarizer::~Summarizer() = default;
Summarizer::Summarizer(Summarizer&&) noexcept = default;
Summarizer& Summarizer::operator=(Summarizer&&) noexcept = default;

void Summarizer::add(const Lookup& lookup) { add(lookup, lookup.name); }

void Summarizer::add(const Lookup& lookup, const std::string& name) {
  Group& group = state_->group_of(lookup, name);
  const WayKey key{.outcome = lookup.outcome, .error = lookup.error, .road = road_of(lookup)};
  const std::size_t way = group.ways.number(key);
  Samples& samples = group.ways.values[way];
  samples.key = key;
  if (samples.lookups.size() < samples_kept) samples.lookups.push_back(lookup);
  HostLookups& host = group.hosts.at(lookup.host);
  host.host = lookup.host;
  host.kept.push_back(
      {.duration = lookup.duration, .way = static_cast<std::uint32_t>(way), .censored = lookup.censored});
}

std::vector<SummaryRow> Summarizer::rows(std::size_t hosts_apart) const {
  std::vector<SummaryRow> rows;
  for (const Group& group : state_->groups.values) {
    const auto& hosts = group.hosts.values;
    if (hosts.size() <= hosts_apart) {
      for (const HostLookups& one : hosts) rows.push_back(row_of(group, one.kept, one.host));
      continue;
    }
    std::vector<Kept> all;
    for (const HostLookups& one : hosts) all.insert(all.end(), one.kept.begin(), one.kept.end());
    rows.push_back(row_of(group, std::move(all), fmt::format("{} hosts", hosts.size())));
  }
  return rows;
}

std::vector<SummaryRow> summarize(std::span<const Lookup> lookups, std::size_t hosts_apart) {
  Summarizer summarizer;
  for (const Lookup& lookup : lookups) summarizer.add(lookup);
  return summarizer.rows(hosts_apart);
}

}  // namespace hanglab::analysis
