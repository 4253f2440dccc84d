#include "replay/send/pace.hh"

#include <catch2/catch.hpp>

namespace hanglab::replay {

using namespace std::chrono_literals;

TEST_CASE("At recorded times, the first frame is due at 0, and none before its predecessor") {
  Pace pace(AsRecorded{});
  CHECK(pace.due(100s, 60) == 0s);
  CHECK(pace.due(100s + 1ns, 60) == 1ns);
  CHECK(pace.due(103s, 60) == 3s);
  CHECK(pace.due(102s, 60) == 3s);
  CHECK(pace.due(104s, 60) == 4s);
}

TEST_CASE("Ten times as fast, a tenth of the time") {
  Pace pace(AsRecorded{.speed = 10});
  CHECK(pace.due(50s, 60) == 0s);
  CHECK(pace.due(51s, 60) == 100ms);
}

TEST_CASE("A loop begins where the one before it ended") {
  Pace pace(AsRecorded{});
  pace.due(7s, 60);
  CHECK(pace.due(9s, 60) == 2s);
  pace.begin_again();
  CHECK(pace.due(7s, 60) == 2s);
  CHECK(pace.due(9s, 60) == 4s);
}

TEST_CASE("At three packets a second no rounding adds up") {
  Pace pace(PacketsPerSecond{3});
  Duration due{};
  for (int i = 0; i < 3'000'001; ++i) due = pace.due(0s, 60);
  CHECK(due == 1'000'000s);
}

TEST_CASE("A bit rate counts the octets before a frame") {
  Pace pace(BitsPerSecond{8'000});
  CHECK(pace.due(0s, 1000) == 0s);
  CHECK(pace.due(0s, 500) == 1s);
  CHECK(pace.due(0s, 60) == 1500ms);
}

TEST_CASE("At top speed all is due at once") {
  Pace pace(TopSpeed{});
  CHECK(pace.due(5s, 60) == 0s);
  CHECK(pace.due(50s, 60) == 0s);
}

}  // namespace hanglab::replay
