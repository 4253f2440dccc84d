// Order statistics and tests of whether two samples may come from one source: Kolmogorov-Smirnov for
// durations, Fisher's for counts. Samples are passed sorted, ascending; an empty one is the caller's mistake
// and throws Error. Sources: R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", 1996
// (definition 7, that of R, NumPy and spreadsheets); N. Smirnov, "Table for Estimating the Goodness of Fit",
// 1948; J. L. Hodges, "The Significance Probability of the Smirnov Two-Sample Test", 1958; R. A. Fisher, "The
// Logic of Inductive Inference", 1935.
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

// The same where durations that differ by no more than `tolerance` count as equal: no shift of the points by
// so much could make the distance smaller than this.
double kolmogorov_smirnov(std::span<const Duration> sorted, std::span<const Duration> other_sorted,
                          Duration tolerance);

// The probability that two samples of n and m from one continuous distribution are at least so far apart:
// exact, by the share of orders in which their union can stand. Where values are equal the truth is smaller.
// Time and space are those of n m steps; beyond ten million of them by the asymptotic series.
double kolmogorov_smirnov_p(double distance, std::size_t n, std::size_t m);

// The probability that of n and m draws with one common chance the successes differ at least as much as `a`
// of n and `b` of m do: Fisher's exact test, two-sided.
double fisher_exact_p(std::size_t a, std::size_t n, std::size_t b, std::size_t m);

// Between an empirical distribution function and a continuous one, given as P(duration <= t).
using Distribution = std::function<double(Duration)>;
double kolmogorov_smirnov(std::span<const Duration> sorted, const Distribution& distribution);

// The distance that samples of one distribution exceed in 5 % of cases, by the asymptotic formula:
// 1.3581 / sqrt(n), and 1.3581 sqrt((n + m) / (n m)) for two samples. Good from about 35 observations on.
double kolmogorov_smirnov_critical(std::size_t n);
double kolmogorov_smirnov_critical(std::size_t n, std::size_t m);

}  // namespace hanglab::analysis
