#include "core/random.hh"

#include <catch2/catch.hpp>

#include <array>

using namespace hanglab;

TEST_CASE("from state 0 the stream is SplitMix64's") {
  Random random(0);
  CHECK(random.next() == 0xe220a8397b1dcdafu);
  CHECK(random.next() == 0x6e789e6aa1b965f4u);
  CHECK(random.next() == 0x06c45d188009454fu);
}

TEST_CASE("seed, run and purpose name a stream, and each of them matters") {
  const auto first = Random(7, 3, "timer-phase/vm").next();
  CHECK(Random(7, 3, "timer-phase/vm").next() == first);
  CHECK(Random(8, 3, "timer-phase/vm").next() != first);
  CHECK(Random(7, 4, "timer-phase/vm").next() != first);
  CHECK(Random(7, 3, "timer-phase/vn").next() != first);
}

TEST_CASE("neighbouring seeds and runs do not share streams") {
  CHECK(Random(1, 0, "x").next() != Random(0, 1, "x").next());
}

TEST_CASE("numbers below 10 all come up, about equally often") {
  Random random(1, 0, "dice");
  std::array<int, 10> seen{};
  for (int i = 0; i < 100'000; ++i) ++seen.at(random.below(10));
  for (const int count : seen) CHECK(count == Approx(10'000).margin(500));  // 5 standard deviations
}

TEST_CASE("a bound of 1 leaves 0, and the largest bound is kept") {
  Random random(5);
  CHECK(random.below(1) == 0);
  for (int i = 0; i < 100; ++i) CHECK(random.below(0x8000000000000001u) < 0x8000000000000001u);
}

TEST_CASE("uniform numbers lie in [0, 1) around one half, and a chance keeps its odds") {
  Random random(1, 0, "uniform");
  double sum = 0;
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) {
    const double number = random.uniform();
    REQUIRE(number >= 0);
    REQUIRE(number < 1);
    sum += number;
    hits += random.chance(0.02) ? 1 : 0;
  }
  CHECK(sum / 100'000 == Approx(0.5).margin(0.005));
  CHECK(hits == Approx(2'000).margin(225));
  CHECK_FALSE(random.chance(0));
  CHECK(random.chance(1));
}
