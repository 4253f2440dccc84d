#include "analysis/human.hh"

#include <catch2/catch.hpp>

namespace hanglab::analysis {
namespace {

using namespace std::chrono_literals;

TEST_CASE("Durations are written in the unit that people would choose") {
  CHECK(human(0ns) == "0 s");
  CHECK(human(999ns) == "999 ns");
  CHECK(human(310us) == "310 µs");
  CHECK(human(3'200us) == "3.2 ms");
  CHECK(human(128'241us) == "128.2 ms");
  CHECK(human(10'017'790us) == "10.02 s");
  CHECK(human(130'902'843us) == "130.90 s");
  CHECK(human(130'902'843us, 1) == "130.9 s");
  CHECK(human(-5s) == "-5.00 s");
}

TEST_CASE("A unit ends where rounding would print a thousand of it") {
  CHECK(human(999'499ns) == "999 µs");
  CHECK(human(999'500ns) == "1.0 ms");
  CHECK(human(999'949us) == "999.9 ms");
  CHECK(human(999'950us) == "1.00 s");
}

TEST_CASE("A round time is written without a point") {
  CHECK(human_round(600s) == "600 s");
  CHECK(human_round(2'500ms) == "2.50 s");
}

}  // namespace
}  // namespace hanglab::analysis
