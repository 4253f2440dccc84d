#include "analysis/survival.hh"

#include <catch2/catch.hpp>

namespace hanglab::analysis {
namespace {

using std::chrono::seconds;

Observation returned(int after) { return {.duration = seconds(after)}; }
Observation hung(int until) { return {.duration = seconds(until), .censored = true}; }

TEST_CASE("Without censoring the curve falls by 1/n with each return") {
  const auto curve = kaplan_meier({returned(3), returned(1), returned(2), returned(2)});
  CHECK(curve.lookups == 4);
  CHECK(curve.steps == std::vector<SurvivalStep>{
                           {.at = seconds(1), .surviving = 0.75, .returned = 1, .at_risk = 4},
                           {.at = seconds(2), .surviving = 0.25, .returned = 2, .at_risk = 3},
                           {.at = seconds(3), .surviving = 0, .returned = 1, .at_risk = 1},
                       });
  CHECK(curve.marks.empty());
  CHECK(curve.median() == seconds(2));
}

TEST_CASE("A censored lookup leaves those at risk without lowering the curve") {
  // 1 s: 4/5. 2 s: two leave unseen, one hanging to be seen no more. 3 s: 4/5 * 1/2. 4 s: mark.
  const auto curve = kaplan_meier({returned(1), hung(2), hung(2), returned(3), hung(4)});
  REQUIRE(curve.steps.size() == 2);
  CHECK(curve.steps[0].surviving == Approx(0.8));
  CHECK(curve.steps[1].at_risk == 2);
  CHECK(curve.steps[1].surviving == Approx(0.4));
  REQUIRE(curve.marks.size() == 2);
  CHECK(curve.marks[0].at == seconds(2));
  CHECK(curve.marks[0].surviving == Approx(0.8));
  CHECK(curve.marks[0].lookups == 2);
  CHECK(curve.marks[1].surviving == Approx(0.4));
  CHECK(curve.censored() == 3);
  CHECK(curve.median() == seconds(3));
}

TEST_CASE("At equal times, returns come before censoring") {
  const auto curve = kaplan_meier({hung(1), returned(1)});
  REQUIRE(curve.steps.size() == 1);
  CHECK(curve.steps[0].at_risk == 2);
  CHECK(curve.marks.front().surviving == 0.5);
}

TEST_CASE("Where fewer than half were seen to return there is no median") {
  CHECK_FALSE(kaplan_meier({returned(1), hung(600), hung(600)}).median());
  CHECK(kaplan_meier({returned(1), hung(600)}).median() == seconds(1));
  CHECK(kaplan_meier({}).steps.empty());
}

}  // namespace
}  // namespace hanglab::analysis
