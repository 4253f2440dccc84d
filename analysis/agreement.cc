#include "analysis/agreement.hh"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "analysis/statistics.hh"
#include "core/error.hh"

namespace hanglab::analysis {

namespace {

using Question = std::pair<std::string, std::string>;  // client and name
using Hosts = std::map<Question, std::set<std::string>>;

std::string host_of(const Lookup& lookup, const Hosts& hosts, std::size_t hosts_apart) {
  const auto asking = hosts.at({lookup.client, lookup.name}).size();
  return asking > hosts_apart ? fmt::format("{} hosts", asking) : lookup.host;
}

Agreement& row_of(std::vector<Agreement>& rows, const std::string& host, const Lookup& lookup) {
  const auto found = std::ranges::find_if(rows, [&](const Agreement& row) {
    return row.host == host && row.client == lookup.client && row.name == lookup.name;
  });
  if (found != rows.end()) return *found;
  return rows.emplace_back(Agreement{.host = host, .client = lookup.client, .name = lookup.name});
}

EndingShare& share_of(Agreement& row, const Lookup& lookup) {
  const Ending ending{lookup.outcome, lookup.error, lookup.addresses};
  const auto found = std::ranges::find(row.endings, ending, &EndingShare::ending);
  return found != row.endings.end() ? *found : row.endings.emplace_back(EndingShare{.ending = ending});
}

void judge(Agreement& row, Duration tolerance) {
  if (row.simulated.empty() || row.real.empty())
    throw Error(fmt::format("{} asking for {} on host {} is among the {} lookups alone", row.client, row.name,
                            row.host, row.real.empty() ? "simulated" : "real"));
  std::ranges::sort(row.simulated);
  std::ranges::sort(row.real);
  for (EndingShare& share : row.endings)
    share.p = fisher_exact_p(share.real, row.real.size(), share.simulated, row.simulated.size());
  std::ranges::stable_sort(row.endings, std::greater<>(),
                           [](const EndingShare& share) { return std::pair(share.real, share.simulated); });
  row.distance = kolmogorov_smirnov(row.simulated, row.real);
  row.tolerated_distance = kolmogorov_smirnov(row.simulated, row.real, tolerance);
  row.p = kolmogorov_smirnov_p(row.tolerated_distance, row.simulated.size(), row.real.size());
}

}  // namespace

std::string to_string(const Ending& ending) {
  if (ending.outcome == Outcome::hung) return "hung";
  if (ending.outcome == Outcome::failed) return ending.error;
  return fmt::format("answered, {} address{}", ending.addresses, ending.addresses == 1 ? "" : "es");
}

bool Agreement::endings_agree() const {
  const double each = significance / static_cast<double>(endings.size());
  return std::ranges::all_of(endings, [each](const EndingShare& share) { return share.p >= each; });
}

std::vector<Agreement> compare(std::span<const Lookup> simulated, std::span<const Lookup> real,
                               Duration tolerance, std::size_t hosts_apart) {
  Hosts hosts;
  for (const auto& side : {simulated, real})
    for (const Lookup& lookup : side) hosts[{lookup.client, lookup.name}].insert(lookup.host);
  std::vector<Agreement> rows;
  for (const Lookup& lookup : simulated) {
    Agreement& row = row_of(rows, host_of(lookup, hosts, hosts_apart), lookup);
    row.simulated.push_back(lookup.duration);
    ++share_of(row, lookup).simulated;
  }
  for (const Lookup& lookup : real) {
    Agreement& row = row_of(rows, host_of(lookup, hosts, hosts_apart), lookup);
    row.real.push_back(lookup.duration);
    ++share_of(row, lookup).real;
  }
  for (Agreement& row : rows) judge(row, tolerance);
  return rows;
}

}  // namespace hanglab::analysis
