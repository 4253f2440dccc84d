#include "analysis/statistics.hh"

#include <algorithm>
#include <cmath>

#include "core/error.hh"

namespace hanglab::analysis {

namespace {

void require_some(std::span<const Duration> sample) {
  if (sample.empty()) throw Error("no statistics of no durations");
}

// sqrt(-ln(0.05 / 2) / 2)
const double critical_5_percent = std::sqrt(-std::log(0.025) / 2);

}  // namespace

Duration quantile(std::span<const Duration> sorted, double p) {
  require_some(sorted);
  const double rank = static_cast<double>(sorted.size() - 1) * std::clamp(p, 0.0, 1.0);
  const auto below = static_cast<std::size_t>(rank);
  const auto above = std::min(below + 1, sorted.size() - 1);
  const double share = rank - static_cast<double>(below);
  const auto gap = static_cast<double>((sorted[above] - sorted[below]).count());
  return sorted[below] + Duration(std::llround(share * gap));
}

double kolmogorov_smirnov(std::span<const Duration> a, std::span<const Duration> b) {
  require_some(a);
  require_some(b);
  double largest = 0;
  for (std::size_t i = 0, j = 0; i < a.size() && j < b.size();) {
    const auto at = std::min(a[i], b[j]);
    while (i < a.size() && a[i] == at) ++i;
    while (j < b.size() && b[j] == at) ++j;
    const double below_a = static_cast<double>(i) / static_cast<double>(a.size());
    const double below_b = static_cast<double>(j) / static_cast<double>(b.size());
    largest = std::max(largest, std::abs(below_a - below_b));
  }
  return largest;
}

double kolmogorov_smirnov(std::span<const Duration> sorted, const Distribution& distribution) {
  require_some(sorted);
  const auto n = static_cast<double>(sorted.size());
  double largest = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    // The empirical function jumps here from i/n to (i+1)/n: the distance is largest just before or just
    // after.
    const double expected = distribution(sorted[i]);
    largest =
        std::max({largest, expected - static_cast<double>(i) / n, static_cast<double>(i + 1) / n - expected});
  }
  return largest;
}

double kolmogorov_smirnov_critical(std::size_t n) {
  return critical_5_percent / std::sqrt(static_cast<double>(n));
}

double kolmogorov_smirnov_critical(std::size_t n, std::size_t m) {
  const auto a = static_cast<double>(n);
  const auto b = static_cast<double>(m);
  return critical_5_percent * std::sqrt((a + b) / (a * b));
}

}  // namespace hanglab::analysis
