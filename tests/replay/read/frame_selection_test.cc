#include "replay/read/frame_selection.hh"

#include <catch2/catch.hpp>

#include "core/error.hh"
#include "tests/core/hex.hh"
#include "tests/replay/capture_file.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

CapturedFrame frame(Duration at, int link_type, const std::vector<std::uint8_t>& bytes) {
  return {.number = 1, .at = at, .link_type = link_type, .bytes = bytes, .size = bytes.size()};
}

const auto query = ipv4(17, 0x0a000001, 0x0a000002, udp(45000, 53, {1, 2, 3, 4}));
const auto other = ipv4(17, 0x0a000001, 0x0a000002, udp(45000, 123, {1, 2, 3, 4}));
const auto ethernet = hex("020000000001 020000000002 0800");

}  // namespace

TEST_CASE("times are relative with a unit, seconds since 1970 without, or dates") {
  const auto relative = [](Duration at) { return TimeBound{.after_first_packet = true, .at = at}; };
  CHECK(parse_time_bound("2s") == relative(2s));
  CHECK(parse_time_bound("0.5s") == relative(500ms));
  CHECK(parse_time_bound("1.5min") == relative(90s));
  CHECK(parse_time_bound("150ms") == relative(150ms));
  CHECK(parse_time_bound("0.25us") == relative(250ns));
  CHECK(parse_time_bound("2h") == relative(2h));
  CHECK(parse_time_bound("1700000000.000000007") == TimeBound{.at = 1'700'000'000s + 7ns});
  CHECK(parse_time_bound("2023-11-14T22:13:20Z") == TimeBound{.at = 1'700'000'000s});
  CHECK(parse_time_bound("2023-11-14T23:13:20.25+01:00") == TimeBound{.at = 1'700'000'000s + 250ms});
  CHECK(parse_time_bound("2023-11-14t16:43:20-05:30") == TimeBound{.at = 1'700'000'000s});
  for (const char* wrong : {"", "s", "-2s", "2 s", "2x", "1.", "1.0000000001", "99999999999", "9999999999h",
                            "2023-02-29T00:00:00Z", "2023-11-14", "2023-11-14T22:13:20",
                            "2023-11-14T24:00:00Z", "2023-11-14T22:13:20Zz"})
    CHECK_FALSE(parse_time_bound(wrong));
}

TEST_CASE("a filter is compiled for each link type, and matches the same packet in all") {
  FrameSelection selection({.filter = "udp port 53"});
  for (const int raw : {12, 14, 101, 228}) {
    CHECK(selection.wants(frame(1s, raw, query)));
    CHECK_FALSE(selection.wants(frame(1s, raw, other)));
  }
  CHECK(selection.wants(frame(1s, 1, ethernet + query)));
  CHECK(selection.wants(frame(1s, 113, hex("0000 0001 0006 0200000000010000 0800") + query)));
  CHECK(selection.wants(frame(1s, 9, hex("ff03 0021") + query)));
  CHECK_FALSE(selection.wants(frame(1s, 1, ethernet + other)));
  CHECK(selection.counts() == FrameSelectionCounts{.selected = 7, .filtered = 5});
}

TEST_CASE("a filter without meaning for a frame's link type leaves it out, one without any is refused") {
  FrameSelection selection({.filter = "vlan 7"});
  CHECK_FALSE(selection.wants(frame(1s, 101, query)));
  CHECK(selection.wants(frame(1s, 1, hex("020000000001 020000000002 8100 0007 0800") + query)));
  CHECK(selection.counts() == FrameSelectionCounts{.selected = 1, .not_filterable = 1});
  CHECK_NOTHROW(FrameSelection({.filter = "ifindex 3"}));
  CHECK_THROWS_AS(FrameSelection({.filter = "udp prot 53"}), InputError);
  CHECK_THROWS_WITH(FrameSelection({.filter = "udp prot 53"}), Catch::StartsWith("filter \"udp prot 53\": "));
}

TEST_CASE("a span of time begins with its first instant and ends before its last, then the limit counts") {
  FrameSelection selection({.from = TimeBound{.after_first_packet = true, .at = 2s},
                            .to = TimeBound{.after_first_packet = false, .at = 106s},
                            .limit = 3});
  std::vector<int> wanted;
  for (int second = 100; second < 108; ++second)
    if (selection.wants(frame(std::chrono::seconds(second), 101, query))) wanted.push_back(second);
  CHECK(wanted == std::vector{102, 103, 104});
  CHECK(selection.done());
  CHECK(selection.counts() ==
        FrameSelectionCounts{.selected = 3, .before = 2, .after = 2, .beyond_limit = 1});
}
