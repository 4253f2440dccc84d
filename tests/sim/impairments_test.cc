// The fates of the packets of one direction, without a simulator.
#include "sim/impairments.hh"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <map>

using namespace hanglab;
using namespace hanglab::scenario;
using namespace hanglab::sim;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t seed = 1;

Link link_that(const auto& change) {
  Link link{.a = {}, .b = {}, .delay = 10ms, .name = "vm.eth0"};
  change(link);
  return link;
}

Link bursty(double enter, double leave, double loss_in, double loss_out) {
  return link_that([&](Link& link) {
    link.bursts = Bursts{.enter = enter, .leave = leave, .loss = loss_in};
    link.loss = loss_out;
  });
}

// '#' for each packet that is lost, '.' for each that arrives, sent at the beginning of the run.
std::string fates(const Link& link, std::size_t count, std::uint64_t run = 0, WireEnd sender = WireEnd::a) {
  Impairments impairments(link, sender, seed, run);
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += impairments.next(TimePoint{}) ? '.' : '#';
  return all;
}

double share_lost(const std::string& fates) {
  return static_cast<double>(std::ranges::count(fates, '#')) / static_cast<double>(fates.size());
}

// Runs of one fate by their length.
std::map<std::size_t, int> lengths(const std::string& fates, char fate) {
  std::map<std::size_t, int> found;
  for (std::size_t at = fates.find(fate); at != std::string::npos;) {
    const auto end = std::min(fates.find_first_not_of(fate, at), fates.size());
    ++found[end - at];
    at = fates.find(fate, end);
  }
  return found;
}

// Lengths of n runs are geometric: that of k has the share q (1-q)^(k-1). Within four standard deviations.
void check_geometric(const std::map<std::size_t, int>& lengths, double q) {
  double n = 0;
  double packets = 0;
  for (const auto& [length, count] : lengths) {
    n += count;
    packets += count * static_cast<double>(length);
  }
  REQUIRE(n > 1000);
  CHECK(std::abs(packets / n - 1 / q) < 4 * std::sqrt((1 - q) / (q * q) / n));
  double share = q;
  for (std::size_t length = 1; n * share > 50; ++length, share *= 1 - q) {
    CAPTURE(length);
    const auto found = lengths.find(length);
    CHECK(std::abs((found == lengths.end() ? 0 : found->second) - n * share) <
          4 * std::sqrt(n * share * (1 - share)));
  }
}

}  // namespace

TEST_CASE("Packets are lost by their numbers, in the direction that says so", "[sim]") {
  const auto link = link_that([](Link& one) {
    one.lose_a = {{.first = 3, .last = 3}, {.first = 5, .last = 7}};
    one.lose_b = {{.first = 10, .step = 10}};
  });
  CHECK(fates(link, 12, 0, WireEnd::a) == "..#.###.....");
  CHECK(fates(link, 22, 0, WireEnd::b) == ".........#.........#..");
  CHECK(fates(link, 12, 1, WireEnd::a) == "..#.###.....");  // counted anew in each run
}

TEST_CASE("An outage loses what leaves from its beginning on and before its end", "[sim]") {
  const auto link = link_that([](Link& one) {
    one.outages = {{.at = 2s, .length = 5s}, {.at = 8s, .length = 1s}};
  });
  Impairments impairments(link, WireEnd::b, seed, 0);
  std::string all;
  for (const Duration at : {0ns, Duration(2s) - 1ns, Duration(2s), Duration(6s), Duration(7s) - 1ns,
                            Duration(7s), Duration(8500ms), Duration(9s)})
    all += impairments.next(TimePoint(at)) ? '.' : '#';
  CHECK(all == "..###.#.");
}

TEST_CASE("Bursts that lose everything have geometric lengths of mean 1/leave, the gaps of 1/enter",
          "[sim]") {
  const auto all = fates(bursty(0.02, 0.2, 1, 0), 1'000'000);
  check_geometric(lengths(all, '#'), 0.2);
  check_geometric(lengths(all, '.'), 0.02);
}

TEST_CASE("The share lost is that of the two states' losses, by the time the chain spends in each", "[sim]") {
  // enter 2 %, leave 20 %: one packet of eleven is in a burst. (50 % + 10 * 0.1 %) / 11 = 4.636 %. That two
  // neighbours are both lost has 1/11 * 50 % * (80 % * 50 % + 20 % * 0.1 %) in a burst, and next to nothing
  // else: 1.820 %, not the square, 0.215 %. The states of packets n apart correlate by 78 % to the nth, which
  // makes the standard deviation of the share 0.044 % in a million packets, and that of the pairs about half.
  const auto all = fates(bursty(0.02, 0.2, 0.5, 0.001), 1'000'000);
  CHECK(std::abs(share_lost(all) - 0.04636) < 4 * 0.00044);
  double pairs = 0;
  for (std::size_t i = 1; i < all.size(); ++i) pairs += all[i - 1] == '#' && all[i] == '#';
  CHECK(std::abs(pairs / 1e6 - 0.01820) < 4 * 0.00022);
}

TEST_CASE("A run begins in a burst as often as any moment is in one", "[sim]") {
  std::string first;
  for (std::uint64_t run = 0; run < 20'000; ++run) first += fates(bursty(0.02, 0.2, 1, 0), 1, run);
  CHECK(std::abs(share_lost(first) - 1.0 / 11) < 0.0082);  // four standard deviations
}

TEST_CASE("Bursts that are never entered lose nothing, and those always entered everything", "[sim]") {
  CHECK(fates(bursty(0, 0.2, 1, 0), 1000) == std::string(1000, '.'));
  CHECK(fates(bursty(1, 1e-9, 1, 0), 1000) == std::string(1000, '#'));
}

TEST_CASE("The two directions and the runs have bursts of their own, and the same ones again", "[sim]") {
  const auto link = bursty(0.1, 0.2, 1, 0);
  CHECK(fates(link, 200) == fates(link, 200));
  CHECK(fates(link, 200) != fates(link, 200, 1));
  CHECK(fates(link, 200) != fates(link, 200, 0, WireEnd::b));
}

TEST_CASE("Jitter of 5 ms is uniform between 5 ms sooner and 5 ms later", "[sim]") {
  const auto link = link_that([](Link& one) { one.jitter = 5ms; });
  Impairments impairments(link, WireEnd::a, seed, 0);
  std::vector<Duration> all;
  for (int i = 0; i < 40'000; ++i) all.push_back(impairments.next(TimePoint{}).value());
  std::ranges::sort(all);
  CHECK(all.front() >= -5ms);
  CHECK(all.back() <= 5ms);
  // A share of n uniform draws is off by at most 4 * sqrt(0.25 / n) = 1 %, which is 100 us here.
  for (int tenth = 0; tenth <= 10; ++tenth) {
    const auto at = std::min<std::size_t>(all.size() - 1, static_cast<std::size_t>(tenth) * 4000);
    CHECK(std::chrono::abs(all[at] - (-5ms + tenth * Duration(1ms))) <= 100us);
  }
}

TEST_CASE("An outage, numbered losses and jitter change nothing about the other packets' luck", "[sim]") {
  const auto plain = fates(bursty(0.1, 0.2, 0.9, 0.05), 100);
  auto more = bursty(0.1, 0.2, 0.9, 0.05);
  more.jitter = 5ms;
  more.lose_a = {{.first = 2, .last = 3}};
  auto expected = plain;
  expected[1] = expected[2] = '#';
  CHECK(fates(more, 100) == expected);
}
