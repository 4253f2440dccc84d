#include "analysis/statistics.hh"

#include <catch2/catch.hpp>
#include <vector>

#include "core/error.hh"

namespace hanglab::analysis {
namespace {

std::vector<Duration> seconds(std::initializer_list<int> values) {
  std::vector<Duration> all;
  for (const int value : values) all.push_back(std::chrono::seconds(value));
  return all;
}

using std::chrono::milliseconds;

TEST_CASE("Quantiles interpolate between order statistics by definition 7") {
  const auto four = seconds({1, 2, 3, 4});
  CHECK(median(four) == milliseconds(2'500));
  CHECK(quantile(four, 0) == milliseconds(1'000));
  CHECK(quantile(four, 1) == milliseconds(4'000));
  CHECK(quantile(four, 0.25) == milliseconds(1'750));  // rank 1 + 3/4
  CHECK(quantile(four, 0.95) == milliseconds(3'850));  // rank 1 + 2.85
  CHECK(median(seconds({1, 2, 10})) == milliseconds(2'000));
  CHECK(quantile(seconds({7}), 0.95) == milliseconds(7'000));
  CHECK_THROWS_AS(median({}), Error);
}

TEST_CASE("Quantiles are exact to the nanosecond even of long hangs") {
  const std::vector<Duration> days = {Duration(9'007'199'254'740'993), Duration(9'007'199'254'740'995)};
  CHECK(median(days) == Duration(9'007'199'254'740'994));
}

TEST_CASE("The distance of two samples is the largest gap between their step functions") {
  // Up to 2 s, both of {1, 2} have passed and one of {2, 3, 4, 5}: 1 - 1/4.
  CHECK(kolmogorov_smirnov(seconds({1, 2}), seconds({2, 3, 4, 5})) == Approx(0.75));
  CHECK(kolmogorov_smirnov(seconds({2, 3, 4, 5}), seconds({1, 2})) == Approx(0.75));
  CHECK(kolmogorov_smirnov(seconds({1, 2, 2, 3}), seconds({1, 2, 2, 3})) == 0);
  CHECK(kolmogorov_smirnov(seconds({1, 2}), seconds({3, 4})) == 1);
  // Ties: at 2 s the functions stand at 3/4 and 2/4.
  CHECK(kolmogorov_smirnov(seconds({1, 2, 2, 3}), seconds({1, 2, 3, 3})) == Approx(0.25));
  CHECK_THROWS_AS(kolmogorov_smirnov({}, seconds({1})), Error);
}

TEST_CASE("The distance from a distribution is measured on both sides of each step") {
  const auto uniform_0_to_10_s = [](Duration t) { return to_seconds(t) / 10; };
  // Just before 5 s none has passed where half is expected; after the last, all where 6/10 are expected.
  CHECK(kolmogorov_smirnov(seconds({5, 6}), uniform_0_to_10_s) == Approx(0.5));
  CHECK(kolmogorov_smirnov(seconds({1, 2}), uniform_0_to_10_s) == Approx(0.8));
  CHECK(kolmogorov_smirnov(seconds({5}), uniform_0_to_10_s) == Approx(0.5));
}

TEST_CASE("A tolerance takes away what a shift of the points by so much could") {
  const auto a = seconds({1, 2, 3, 4});
  const auto b = seconds({2, 3, 4, 5});
  CHECK(kolmogorov_smirnov(a, b, Duration(0)) == kolmogorov_smirnov(a, b));
  CHECK(kolmogorov_smirnov(a, b, milliseconds(999)) == Approx(0.25));
  CHECK(kolmogorov_smirnov(a, b, milliseconds(1'000)) == 0);
  CHECK(kolmogorov_smirnov(seconds({1, 9}), seconds({5, 5}), milliseconds(3'999)) == Approx(0.5));
}

TEST_CASE("How likely a distance is by chance: by counting all orders of both samples") {
  // One against three: the one is first or last in 2 of 4 orders, at distance 1.
  CHECK(kolmogorov_smirnov_p(1, 1, 3) == Approx(0.5));
  // Two against two: 2 of 6 orders keep them apart (distance 1), 2 alternate (distance 1/2), 2 nest (1/2).
  CHECK(kolmogorov_smirnov_p(1, 2, 2) == Approx(2.0 / 6));
  CHECK(kolmogorov_smirnov_p(0.5, 2, 2) == Approx(1));
  CHECK(kolmogorov_smirnov_p(0, 5, 7) == Approx(1));
  CHECK(kolmogorov_smirnov_p(1, 1, 200) == Approx(2.0 / 201));
  CHECK_THROWS_AS(kolmogorov_smirnov_p(0.1, 0, 3), Error);
}

TEST_CASE("At the asymptotic 5 % distance the exact probability is near 5 %, and so is the series") {
  CHECK(kolmogorov_smirnov_p(kolmogorov_smirnov_critical(300, 300), 300, 300) == Approx(0.05).margin(0.01));
  CHECK(kolmogorov_smirnov_p(kolmogorov_smirnov_critical(3'000, 10'000), 3'000, 10'000) ==
        Approx(0.05).margin(1e-3));
}

TEST_CASE("Fisher's exact test of the lady and her eight cups of tea") {
  CHECK(fisher_exact_p(4, 4, 0, 4) == Approx(2.0 / 70));
  CHECK(fisher_exact_p(3, 4, 1, 4) == Approx(34.0 / 70));
  CHECK(fisher_exact_p(1, 1, 0, 200) == Approx(1.0 / 201));
  CHECK(fisher_exact_p(0, 5, 0, 200) == Approx(1));
  CHECK(fisher_exact_p(5, 5, 200, 200) == Approx(1));
}

TEST_CASE("The 5 % critical distance is 0.0784 for 300 observations and 0.0796 for 300 against 10,000") {
  CHECK(kolmogorov_smirnov_critical(300) == Approx(0.07841).epsilon(1e-3));
  CHECK(kolmogorov_smirnov_critical(300, 10'000) == Approx(0.07958).epsilon(1e-3));
}

}  // namespace
}  // namespace hanglab::analysis
