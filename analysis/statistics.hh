// Order statistics and the Kolmogorov-Smirnov distance of samples of durations. Samples are passed
// sorted, ascending; an empty one is the caller's mistake and throws Error.
// Sources: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996 (definition 7, that of
// R, NumPy and spreadsheets); N. Smirnov, "Table for Estimating the Goodness of Fit", 1948.
#pragma once

#include <cstddef>
#include <functional>
#include <span>

#include "core/time.hh"

namespace hanglab::analysis {

// The value below which the share `p` of the sample lies, 0 <= p <= 1: linear between the two order
// statistics around rank 1 + (n - 1) p, rounded to the nanosecond.
Duration quantile(std::span<const Duration> sorted, double p);
inline Duration median(std::span<const Duration> sorted) { return quantile(sorted, 0.5); }

// The largest vertical distance between two empirical distribution functions.
double kolmogorov_smirnov(std::span<const Duration> sorted, std::span<const Duration> other_sorted);

// Between an empirical distribution function and a continuous one, given as P(duration <= t).
using Distribution = std::function<double(Duration)>;
double kolmogorov_smirnov(std::span<const Duration> sorted, const Distribution& distribution);

// The distance that samples of one distribution exceed in 5 % of cases, by the asymptotic formula:
// 1.3581 / sqrt(n), and 1.3581 sqrt((n + m) / (n m)) for two samples. Good from about 35 observations on.
double kolmogorov_smirnov_critical(std::size_t n);
double kolmogorov_smirnov_critical(std::size_t n, std::size_t m);

}  // namespace hanglab::analysis
