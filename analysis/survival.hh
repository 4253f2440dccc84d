// The share of lookups still hanging after a time t, estimated where some of them were not watched to their
// end (right-censored): the product-limit estimate. A censored lookup counts among those at risk until its
// observation ends and then leaves without lowering the curve. At equal times, returns come before censoring.
// Source: E. L. Kaplan and P. Meier, "Nonparametric Estimation from Incomplete Observations", 1958.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "core/lookup.hh"
#include "core/time.hh"

namespace hanglab::analysis {

struct Observation {
  Duration duration{};
  bool censored = false;

  bool operator==(const Observation&) const = default;
};

// From `at` on, the share `surviving` is still hanging, until the next step.
struct SurvivalStep {
  Duration at{};
  double surviving = 1;
  std::size_t returned = 0;  // at this very time
  std::size_t at_risk = 0;   // just before

  bool operator==(const SurvivalStep&) const = default;
};

struct CensorMark {
  Duration at{};
  double surviving = 1;
  std::size_t lookups = 0;  // whose observation ended at this very time

  bool operator==(const CensorMark&) const = default;
};

struct Survival {
  std::size_t lookups = 0;
  std::vector<SurvivalStep> steps{};  // before the first, all hang
  std::vector<CensorMark> marks{};

  std::size_t censored() const;
  std::optional<Duration> median() const;  // when half have returned; empty where half never did
};

std::vector<Observation> observations(std::span<const Lookup> lookups);
Survival kaplan_meier(std::vector<Observation> observations);

}  // namespace hanglab::analysis
