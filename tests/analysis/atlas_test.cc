// The table of many clients under many faults.
#include "analysis/atlas.hh"

#include <catch2/catch.hpp>

#include "analysis/atlas_colour.hh"
#include "core/error.hh"

namespace hanglab::analysis {
namespace {

using namespace std::chrono_literals;

Lookup ended(Duration duration, Outcome outcome, const std::string& error = {}, std::size_t addresses = 0) {
  Lookup lookup{.scenario = "s", .host = "vm", .client = "glibc-2.36", .call = "getaddrinfo", .name = "a"};
  lookup.duration = duration;
  lookup.outcome = outcome;
  lookup.error = error;
  lookup.addresses = addresses;
  return lookup;
}

AtlasSide side(Duration duration, Outcome outcome, const std::string& error = {}, std::size_t addresses = 0) {
  return sum_up(std::vector{ended(duration, outcome, error, addresses)});
}

Atlas small_atlas() {
  AtlasCell both{.simulated = side(130s, Outcome::failed, "EAI_AGAIN"),
                 .real = side(10ms, Outcome::answered, "", 3),
                 .agree = false,
                 .packets_agree = false,
                 .why = "TCP <connect> timed out"};
  AtlasCell same{.simulated = side(300s, Outcome::hung),
                 .real = side(300s, Outcome::hung),
                 .agree = true,
                 .packets_agree = true};
  return {.made_by = "hanglab atlas --live\nkernel 6.18",
          .clients = {"glibc-2.36", "musl-1.2.3", "go-1.19"},
          .rows = {{.fault = "10-tcp", .description = "TCP & more dropped", .cells = {both, same, {}}}}};
}

TEST_CASE("A cell tells the most frequent ending with its share, and the median of all") {
  std::vector<Lookup> lookups(7, ended(2s, Outcome::failed, "EAI_AGAIN"));
  lookups.resize(10, ended(5ms, Outcome::answered, "", 3));
  const auto summed = sum_up(lookups);
  CHECK(ending_words(summed) == "EAI_AGAIN (70 %)");
  CHECK(duration_words(summed) == "2.00 s");
  CHECK(ending_words(side(1s, Outcome::answered, "", 1)) == "1 address");
  CHECK(duration_words(side(300s, Outcome::hung)) == "hung at 300 s");
  CHECK(ending_words(side(300s, Outcome::hung)) == "still waiting");
  CHECK_THROWS_AS(sum_up({}), Error);
}

TEST_CASE("Longer hangs are darker, hung ones black") {
  CHECK(colour_of(side(1ms, Outcome::answered)).background == "#fff7ec");
  CHECK(colour_of(side(100us, Outcome::answered)).background == "#fff7ec");
  CHECK(colour_of(side(300s, Outcome::failed)).background == "#5a0000");
  CHECK(colour_of(side(300s, Outcome::failed)).text == "#ffffff");
  CHECK(colour_of(side(10ms, Outcome::answered)).text == "#000000");
  CHECK(colour_of(side(1s, Outcome::hung)).background == "#000000");
}

TEST_CASE("Text, picture and page hold the same cells, and mark the one that differs") {
  const auto atlas = small_atlas();
  CHECK(atlas.compared() == 2);
  CHECK(atlas.agreeing() == 1);
  const auto text = atlas_text(atlas);
  CHECK_THAT(text, Catch::Contains("10-tcp: TCP & more dropped\n"));
  CHECK_THAT(text, Catch::Contains(
                       "  glibc-2.36          130.00 s       EAI_AGAIN                   real 10.0 ms  "));
  CHECK_THAT(text, Catch::Contains("DIFFERS  packets DIFFER\n"));
  CHECK_THAT(text, Catch::Contains("  go-1.19             no model\n"));
  CHECK_THAT(
      text, Catch::EndsWith("1 of 2 cells agree with the real world in ending and duration, 1 in packets\n"));
  for (const std::string& document : {atlas_svg(atlas), atlas_html(atlas)}) {
    CHECK_THAT(document, Catch::Contains("TCP &amp; more dropped"));
    CHECK_THAT(document, Catch::Contains("TCP &lt;connect&gt; timed out"));
    CHECK_THAT(document, Catch::Contains("hung at 300 s"));
    CHECK_THAT(document, Catch::Contains("\u2260 real 10.0 ms"));
    CHECK_THAT(document, Catch::Contains("no model, not measured"));
    CHECK_THAT(document, Catch::Contains("1 of 2 cells agree"));
    CHECK_THAT(document, Catch::Contains("kernel 6.18"));
  }
}

}  // namespace
}  // namespace hanglab::analysis
