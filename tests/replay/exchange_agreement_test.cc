// Many real runs against many simulated ones.
#include "replay/exchange_agreement.hh"

#include <catch2/catch.hpp>

#include "tests/replay/packets.hh"

using namespace hanglab;
using namespace hanglab::replay;

namespace {

Exchange asked(int times, int apart_ms = 1'000) {
  Talk talk;
  for (int i = 0; i < times; ++i) talk.query(i * apart_ms, 45000, static_cast<std::uint16_t>(i));
  return reduce(talk.packets);
}

}  // namespace

TEST_CASE("a real exchange agrees with any simulated run that shows the same") {
  ExchangeAgreement agreement(usual_race);
  for (const int times : {1, 1, 2, 3}) agreement.add_simulated(asked(times));
  agreement.add_real(asked(2));
  agreement.add_real(asked(1, 700));  // times are left out
  CHECK(agreement.simulated() == 4);
  CHECK(agreement.simulated_alone() == 2);
  CHECK(agreement.real() == 2);
  CHECK(agreement.real_alone() == 0);
  CHECK(agreement.difference().empty());
}

TEST_CASE("one that no run shows is told against the run that it parts from last") {
  ExchangeAgreement agreement(usual_race);
  for (const int times : {1, 3}) agreement.add_simulated(asked(times));
  agreement.add_real(asked(5));
  CHECK(agreement.real_alone() == 1);
  CHECK(agreement.steps() == 5);
  CHECK_THAT(agreement.difference(), Catch::Contains("the simulation lacks a step"));
  CHECK_THAT(agreement.difference(), Catch::Contains(">   4 +3.000000 s -> udp#1 query A a.example"));
}

TEST_CASE("how far apart two steps may change places is told") {
  Talk real;
  real.query(0, 45000, 1).query(30, 46000, 1);
  Talk simulated;
  simulated.query(0, 45000, 1, dns::type_a).query(0, 46000, 1);
  simulated.answer(20, 46000, 1, 1);
  real.answer(60, 46000, 1, 1);
  real.answer(40, 45000, 1, 1);
  simulated.answer(30, 45000, 1, 1);
  const auto compare_within = [&](Duration race) {
    ExchangeAgreement agreement(race);
    agreement.add_simulated(reduce(simulated.packets));
    agreement.add_real(reduce(real.packets));
    return agreement.real_alone() == 0;
  };
  CHECK(compare_within(std::chrono::milliseconds(50)));
}
