#include "cli/comparison.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "analysis/human.hh"
#include "analysis/statistics.hh"

namespace hanglab::cli {

namespace {

using analysis::human;

constexpr std::ptrdiff_t most_hosts_apart = 4;  // whose agreement has a line each

const char* verdict(bool agree) { return agree ? "agrees" : "DIFFERS"; }

std::string endings(const analysis::Agreement& row, std::size_t analysis::EndingShare::*count) {
  std::string text;
  for (const auto& share : row.endings)
    if (share.*count > 0)
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", share.*count, to_string(share.ending));
  return text;
}

std::string durations(const std::vector<Duration>& sorted) {
  if (sorted.size() == 1) return human(sorted.front(), 3);
  return fmt::format("{} to {}, median {}", human(sorted.front(), 3), human(sorted.back(), 3),
                     human(analysis::median(sorted), 3));
}

std::string lookups_text(const analysis::Agreement& row, Duration tolerance) {
  using analysis::EndingShare;
  std::string text = fmt::format("{} asking for {} on {}\n", row.client, row.name, row.host);
  text += fmt::format("  endings    {}\n    simulated  {}\n    real       {}\n", verdict(row.endings_agree()),
                      endings(row, &EndingShare::simulated), endings(row, &EndingShare::real));
  text += fmt::format("  durations  {}\n    simulated  {}\n    real       {}\n",
                      verdict(row.durations_agree()), durations(row.simulated), durations(row.real));
  text += fmt::format("    Kolmogorov-Smirnov distance {:.3f}, beyond {} {:.3f}, p {:.3f}\n", row.distance,
                      human(tolerance, 3), row.tolerated_distance, row.p);
  return text;
}

std::string packets_text(const HostPackets& at) {
  const auto& exchanges = at.exchanges;
  std::string text =
      fmt::format("packets at {}  {}: {} steps", at.host, verdict(at.agree()), exchanges.steps());
  if (exchanges.real_alone() > 0 || exchanges.simulated_alone() > 0)
    text += fmt::format(
        "; {} of {} real runs are like no simulated one, {} of {} simulated ones like no other",
        exchanges.real_alone(), exchanges.real(), exchanges.simulated_alone(), exchanges.simulated());
  text += "\n";
  if (!at.agree()) text += exchanges.difference();
  return text;
}

nlohmann::ordered_json seconds(const std::vector<Duration>& sorted) {
  return {{"lookups", sorted.size()},
          {"min_s", to_seconds(sorted.front())},
          {"median_s", to_seconds(analysis::median(sorted))},
          {"max_s", to_seconds(sorted.back())}};
}

}  // namespace

double HostPackets::p() const {
  return analysis::fisher_exact_p(exchanges.real_alone(), exchanges.real(), exchanges.simulated_alone(),
                                  exchanges.simulated());
}

bool Comparison::agree() const {
  return std::ranges::all_of(lookups, &analysis::Agreement::agree) &&
         std::ranges::all_of(packets, &HostPackets::agree);
}

Simulated::Simulated(const scenario::Scenario& scenario, Duration tolerance)
    : scenario_(scenario), tolerance_(tolerance) {
  for (const auto& host : scenario.hosts)
    packets_.push_back({.host = host.name, .exchanges = replay::ExchangeAgreement(tolerance)});
}

void Simulated::add(RunResult run) {
  for (auto& [host, exchange] : exchanges_of(scenario_, std::move(run.packets)))
    packets_[host].exchanges.add_simulated(std::move(exchange));
  std::ranges::move(run.lookups, std::back_inserter(lookups_));
}

Comparison Simulated::compare_with(const Side& real, std::string what) && {
  Comparison comparison{.scenario = scenario_.name,
                        .real = std::move(what),
                        .tolerance = tolerance_,
                        .lookups = analysis::compare(lookups_, real.lookups, tolerance_),
                        .packets = std::move(packets_)};
  for (const auto& [host, exchange] : real.exchanges) comparison.packets[host].exchanges.add_real(exchange);
  std::erase_if(comparison.packets, [](const HostPackets& at) { return at.exchanges.real() == 0; });
  return comparison;
}

std::string comparison_text(const Comparison& comparison) {
  std::string text = fmt::format("{}: the simulation against {}\n", comparison.scenario, comparison.real);
  for (const auto& row : comparison.lookups) text += lookups_text(row, comparison.tolerance);
  const auto alike = std::ranges::count_if(comparison.packets, &HostPackets::agree);
  const bool many = alike > most_hosts_apart;
  if (many) text += fmt::format("packets at {} hosts  {}\n", alike, verdict(true));
  for (const auto& at : comparison.packets)
    if (!many || !at.agree()) text += packets_text(at);
  return text + (comparison.agree() ? "both agree\n" : "they DIFFER\n");
}

std::string comparison_json(const Comparison& comparison) {
  using nlohmann::ordered_json;
  ordered_json lookups = ordered_json::array();
  for (const auto& row : comparison.lookups) {
    ordered_json endings = ordered_json::array();
    for (const auto& share : row.endings)
      endings.push_back({{"outcome", analysis::to_string(share.ending)},
                         {"simulated", share.simulated},
                         {"real", share.real},
                         {"p", share.p}});
    lookups.push_back({{"host", row.host},
                       {"client", row.client},
                       {"name", row.name},
                       {"endings", endings},
                       {"simulated", seconds(row.simulated)},
                       {"real", seconds(row.real)},
                       {"ks_distance", row.distance},
                       {"ks_distance_beyond_tolerance", row.tolerated_distance},
                       {"ks_p", row.p},
                       {"agree", row.agree()}});
  }
  ordered_json packets = ordered_json::array();
  for (const auto& at : comparison.packets)
    packets.push_back({{"host", at.host},
                       {"steps", at.exchanges.steps()},
                       {"real_runs", at.exchanges.real()},
                       {"real_runs_alone", at.exchanges.real_alone()},
                       {"simulated_runs", at.exchanges.simulated()},
                       {"simulated_runs_alone", at.exchanges.simulated_alone()},
                       {"p", at.p()},
                       {"first_difference", at.exchanges.difference()},
                       {"agree", at.agree()}});
  const ordered_json all = {{"scenario", comparison.scenario},
                            {"against", comparison.real},
                            {"tolerance_s", to_seconds(comparison.tolerance)},
                            {"lookups", lookups},
                            {"packets", packets},
                            {"agree", comparison.agree()}};
  return all.dump(1) + "\n";
}

}  // namespace hanglab::cli
