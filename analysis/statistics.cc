#include "analysis/statistics.hh"

#include <algorithm>
#include <cmath>
#include <vector>

#include "core/error.hh"

namespace hanglab::analysis {

namespace {

void require_some(std::span<const Duration> sample) {
  if (sample.empty()) throw Error("no statistics of no durations");
}

// How far the first function rises above the other, taken up to `tolerance` further on.
double largest_lead(std::span<const Duration> sorted, std::span<const Duration> other, Duration tolerance) {
  double largest = 0;
  std::size_t below = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    while (below < other.size() && other[below] <= sorted[i] + tolerance) ++below;
    const double mine = static_cast<double>(i + 1) / static_cast<double>(sorted.size());
    largest = std::max(largest, mine - static_cast<double>(below) / static_cast<double>(other.size()));
  }
  return largest;
}

// Kolmogorov's limit: 2 sum (-1)^(k-1) exp(-2 k^2 x^2).
double asymptotic_p(double x) {
  if (x < 0.2) return 1;
  double p = 0;
  double sign = 1;
  for (int k = 1; k <= 100; ++k, sign = -sign) p += 2 * sign * std::exp(-2.0 * k * k * x * x);
  return std::clamp(p, 0.0, 1.0);
}

double log_choose(std::size_t n, std::size_t k) {
  const auto log_factorial = [](std::size_t of) { return std::lgamma(static_cast<double>(of) + 1); };
  return log_factorial(n) - log_factorial(k) - log_factorial(n - k);
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

double kolmogorov_smirnov(std::span<const Duration> a, std::span<const Duration> b, Duration tolerance) {
  require_some(a);
  require_some(b);
  return std::max(largest_lead(a, b, tolerance), largest_lead(b, a, tolerance));
}

// The union of both samples in order is a path from (0, 0) to (n, m), each step an observation of one or the
// other; all paths are equally likely. `inside[j]` is the share of them that reach (i, j) and were nowhere
// `distance` off the diagonal.
double kolmogorov_smirnov_p(double distance, std::size_t n, std::size_t m) {
  if (n == 0 || m == 0) throw Error("no statistics of no durations");
  constexpr double most_steps = 1e7;
  const auto size_n = static_cast<double>(n);
  const auto size_m = static_cast<double>(m);
  if (size_n * size_m > most_steps)
    return asymptotic_p(distance * std::sqrt(size_n * size_m / (size_n + size_m)));
  constexpr double rounding = 1e-9;
  std::vector<double> inside(m + 1);
  for (std::size_t i = 0; i <= n; ++i) {
    for (std::size_t j = 0; j <= m; ++j) {
      const auto left_n = static_cast<double>(n - i);
      const auto left_m = static_cast<double>(m - j);
      double share = i + j == 0 ? 1 : 0;
      if (i > 0) share += inside[j] * (left_n + 1) / (left_n + 1 + left_m);
      if (j > 0) share += inside[j - 1] * (left_m + 1) / (left_n + left_m + 1);
      const double apart = std::abs(static_cast<double>(i) / size_n - static_cast<double>(j) / size_m);
      inside[j] = apart < distance - rounding || i + j == 0 ? share : 0;
    }
  }
  return std::clamp(1 - inside[m], 0.0, 1.0);
}

double fisher_exact_p(std::size_t a, std::size_t n, std::size_t b, std::size_t m) {
  const std::size_t successes = a + b;
  const auto log_probability = [&](std::size_t of_first) {
    return log_choose(n, of_first) + log_choose(m, successes - of_first) - log_choose(n + m, successes);
  };
  constexpr double rounding = 1e-7;
  const double observed = log_probability(a) + rounding;
  double p = 0;
  for (std::size_t k = successes > m ? successes - m : 0; k <= std::min(n, successes); ++k)
    if (const double one = log_probability(k); one <= observed) p += std::exp(one);
  return std::min(p, 1.0);
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
