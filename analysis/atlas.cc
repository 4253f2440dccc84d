#include "analysis/atlas.hh"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/human.hh"
#include "analysis/statistics.hh"
#include "core/error.hh"

namespace hanglab::analysis {

namespace {

std::size_t count_cells(const Atlas& atlas, auto&& counts) {
  std::size_t cells = 0;
  for (const AtlasRow& row : atlas.rows)
    cells += static_cast<std::size_t>(std::ranges::count_if(row.cells, counts));
  return cells;
}

}  // namespace

std::size_t Atlas::compared() const {
  return count_cells(*this, [](const AtlasCell& cell) { return cell.agree.has_value(); });
}

std::size_t Atlas::agreeing() const {
  return count_cells(*this, [](const AtlasCell& cell) { return cell.agree.value_or(false); });
}

std::size_t Atlas::agreeing_in_packets() const {
  return count_cells(*this, [](const AtlasCell& cell) { return cell.packets_agree.value_or(false); });
}

std::string Atlas::agreement_words() const {
  return fmt::format("{} of {} cells agree with the real world in ending and duration, {} in packets",
                     agreeing(), compared(), agreeing_in_packets());
}

AtlasSide sum_up(std::span<const Lookup> lookups) {
  if (lookups.empty()) throw Error("an atlas of no lookups");
  std::vector<Duration> durations;
  std::vector<std::pair<Ending, std::size_t>> endings;
  for (const Lookup& lookup : lookups) {
    durations.push_back(lookup.duration);
    const Ending ending{lookup.outcome, lookup.error, lookup.addresses};
    const auto found = std::ranges::find(endings, ending, &std::pair<Ending, std::size_t>::first);
    if (found == endings.end())
      endings.emplace_back(ending, 1);
    else
      ++found->second;
  }
  std::ranges::sort(durations);
  const auto most = std::ranges::max_element(endings, {}, &std::pair<Ending, std::size_t>::second);
  return {.lookups = lookups.size(),
          .ending = most->first,
          .so_ended = most->second,
          .median = median(durations)};
}

std::string duration_words(const AtlasSide& side) {
  return side.hung() ? "hung at " + human_round(side.median) : human(side.median);
}

std::string ending_words(const AtlasSide& side) {
  const auto& ending = side.ending;
  std::string text = ending.error;
  if (side.hung()) text = "still waiting";
  if (ending.outcome == Outcome::answered)
    text = fmt::format("{} address{}", ending.addresses, ending.addresses == 1 ? "" : "es");
  if (side.so_ended == side.lookups) return text;
  return text + fmt::format(" ({:.0f} %)",
                            100.0 * static_cast<double>(side.so_ended) / static_cast<double>(side.lookups));
}

std::string atlas_text(const Atlas& atlas) {
  const auto told = [](const AtlasSide& side) {
    return fmt::format("{:<15}{:<28}", duration_words(side), ending_words(side));
  };
  std::string text;
  for (const AtlasRow& row : atlas.rows) {
    text += fmt::format("{}: {}\n", row.fault, row.description);
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const AtlasCell& cell = row.cells[i];
      std::string line =
          fmt::format("  {:<20}{}", atlas.clients[i],
                      cell.simulated ? told(*cell.simulated) : fmt::format("{:<43}", "no model"));
      if (cell.real) line += "real " + told(*cell.real);
      if (!cell.agree.value_or(true)) line += "DIFFERS  ";
      if (!cell.packets_agree.value_or(true)) line += "packets DIFFER";
      text += line.substr(0, line.find_last_not_of(' ') + 1) + '\n';
    }
  }
  if (atlas.compared() > 0) text += atlas.agreement_words() + "\n";
  return text;
}

}  // namespace hanglab::analysis
