#include "analysis/survival.hh"

#include <algorithm>
#include <tuple>

namespace hanglab::analysis {

std::vector<Observation> observations(std::span<const Lookup> lookups) {
  std::vector<Observation> all;
  all.reserve(lookups.size());
  for (const auto& lookup : lookups)
    all.push_back({.duration = lookup.duration, .censored = lookup.censored});
  return all;
}

Survival kaplan_meier(std::vector<Observation> all) {
  std::sort(all.begin(), all.end(), [](const Observation& a, const Observation& b) {
    return std::tie(a.duration, a.censored) < std::tie(b.duration, b.censored);
  });
  Survival survival{.lookups = all.size()};
  double surviving = 1;
  for (std::size_t i = 0; i < all.size();) {
    const auto first = all[i];
    std::size_t same = i;
    while (same < all.size() && all[same] == first) ++same;
    const std::size_t count = same - i;
    const std::size_t at_risk = all.size() - i;
    if (first.censored) {
      survival.marks.push_back({.at = first.duration, .surviving = surviving, .lookups = count});
    } else {
      surviving *= static_cast<double>(at_risk - count) / static_cast<double>(at_risk);
      survival.steps.push_back(
          {.at = first.duration, .surviving = surviving, .returned = count, .at_risk = at_risk});
    }
    i = same;
  }
  return survival;
}

std::size_t Survival::censored() const {
  std::size_t count = 0;
  for (const auto& mark : marks) count += mark.lookups;
  return count;
}

std::optional<Duration> Survival::median() const {
  // A product of fractions that should be one half may differ from it in the last bits.
  constexpr double half = 0.5 + 1e-12;
  const auto step =
      std::find_if(steps.begin(), steps.end(), [](const SurvivalStep& s) { return s.surviving <= half; });
  return step == steps.end() ? std::nullopt : std::optional(step->at);
}

}  // namespace hanglab::analysis
