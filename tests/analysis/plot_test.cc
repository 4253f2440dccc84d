#include "analysis/plot.hh"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "analysis/gnuplot.hh"
#include "core/error.hh"
#include "tests/analysis/examples.hh"
#include "tests/records/scratch_directory.hh"

namespace hanglab::analysis {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Catch::Contains;

std::string bytes(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// `count` lookups that return one after the other, evenly from `first` to `last`.
records::Results evenly(std::string label, int count, Duration first, Duration last) {
  records::Results results{.label = std::move(label)};
  for (int i = 0; i < count; ++i)
    results.lookups.push_back(incident(first + (last - first) * i / (count - 1)));
  return results;
}

std::string survival_script(const std::vector<records::Results>& results) {
  return survival_picture(results).script;
}

TEST_CASE("10,000 hangs of 128.3 to 132.4 s become a curve on an axis that begins at 127 s") {
  const auto script = survival_script({evenly("incident", 10'000, 128'300ms, 132'400ms)});
  CHECK_THAT(script, Contains("set xrange [127:133]"));
  CHECK_THAT(script, Contains("$curve0 << EOD\n127 100\n128.3 99.99\n"));
  CHECK_THAT(script, Contains("132.4 0\nEOD"));
  CHECK_THAT(script, Contains("'incident: 10000 lookups, median 130.35 s'"));
  CHECK_THAT(script, !Contains("logscale"));
  // Two corners in each of the 2000 places of the axis at the most.
  CHECK(std::count(script.begin(), script.end(), '\n') < 4'050);
}

TEST_CASE("Lookups that never returned keep the curve up and are marked") {
  auto results = evenly("datadrop", 3, 5ms, 15ms);
  results.lookups.push_back(lookup(Outcome::hung, 600s, {}));
  const auto script = survival_script({results});
  CHECK_THAT(script, Contains("set logscale x"));
  CHECK_THAT(script, Contains("$curve0 << EOD\n0.001 100\n0.005 75\n0.01 50\n0.015 25\n600 25\nEOD"));
  CHECK_THAT(script, Contains("$marks0 << EOD\n600 25\nEOD"));
  CHECK_THAT(script, Contains("4 lookups, median 10.0 ms, 1 still hung when observation ended (×)"));
  records::Results all_hung{.label = "all", .lookups = {lookup(Outcome::hung, 600s, {})}};
  CHECK_THAT(survival_script({all_hung}), Contains("1 lookup, median beyond 600 s, 1 still hung"));
}

TEST_CASE("Lookups that took no time do not stretch a logarithmic axis") {
  auto results = evenly("files", 2, 5ms, 130s);
  results.lookups.push_back(lookup(Outcome::answered, 0s, {}));
  results.lookups.push_back(lookup(Outcome::answered, 0s, {}));
  CHECK_THAT(survival_script({results}),
             Contains("$curve0 << EOD\n0.001 100\n0.001 50\n0.005 25\n130 0\nEOD"));
}

TEST_CASE("Nothing to draw is refused") {
  CHECK_THROWS_WITH(survival_script({}), "no results to draw");
  CHECK_THROWS_WITH(survival_script({{.label = "empty"}}), "empty: no lookups to draw");
}

TEST_CASE("The incident's timeline is logarithmic, with seven SYNs at their times") {
  const auto script = timeline_picture(incident()).script;
  CHECK_THAT(script, Contains("set logscale x"));
  CHECK_THAT(script, Contains("set xrange [0.0001:"));
  CHECK_THAT(script, Contains("'vm: getaddrinfo(\"me.mydomain.net\") with glibc-2.28'"));
  CHECK_THAT(script, Contains("'failed after 130.40 s: EAI_NONAME'"));
  CHECK_THAT(script, Contains("'UDP answer truncated (497 of 4113 bytes) – 310 µs'"));
  CHECK_THAT(script, Contains("'TCP connect timed out after 7 SYNs – 130.40 s'"));
  for (const char* label : {"310 µs", "1.02 s", "3.04 s", "7.10 s", "15.30 s", "31.42 s", "65.54 s"})
    CHECK_THAT(script, Contains(gnuplot_string(label)));
  CHECK_THAT(script, Contains("'getaddrinfo returns'"));
}

TEST_CASE("Two UDP timeouts of 5 s get a linear axis") {
  const auto script = timeline_picture(lookup(Outcome::failed, 10017ms,
                                              {udp("timeout", 0s, 5005ms), udp("timeout", 5005ms, 10010ms)}))
                          .script;
  CHECK_THAT(script, !Contains("logscale"));
  CHECK_THAT(script, Contains("'time since the call, seconds'"));
}

TEST_CASE("Of more than 24 attempts those in the middle are left out, and counted") {
  std::vector<Attempt> attempts;
  for (int i = 0; i < 30; ++i) attempts.push_back(udp("timeout", i * 1s, (i + 1) * 1s));
  const auto script = timeline_picture(lookup(Outcome::failed, 30s, attempts)).script;
  CHECK_THAT(script, Contains("'… 7 attempts are not shown …'"));
  CHECK_THAT(script, Contains("'16  UDP 192.168.122.1'"));
  CHECK_THAT(script, !Contains("'17  UDP 192.168.122.1'"));
  CHECK_THAT(script, !Contains("'23  UDP 192.168.122.1'"));
  CHECK_THAT(script, Contains("'24  UDP 192.168.122.1'"));
  CHECK_THAT(script, Contains("'30  UDP 192.168.122.1'"));
}

TEST_CASE("Names cannot break out of a gnuplot string") {
  CHECK(gnuplot_string("it's") == "'it''s'");
  CHECK(gnuplot_string("`reboot`\n\"\\") == "'`reboot` \"\\'");
}

TEST_CASE("gnuplot draws both pictures in both formats, the same bytes each time") {
  const ScratchDirectory scratch;
  auto odd = incident();
  odd.name = "<b>it's</b> & `date`";
  const auto draw_all = [&] {
    std::string all;
    for (const char* name : {"a.svg", "a.png"}) {
      plot_survival(std::vector{evenly("it's <odd>", 50, 1ms, 130s)}, scratch / name);
      all += bytes(scratch / name);
      plot_timeline(odd, scratch / name);
      all += bytes(scratch / name);
    }
    return all;
  };
  const auto first = draw_all();
  CHECK((first == draw_all()));
  CHECK_THAT(bytes(scratch / "a.svg"), Contains("&lt;b>it's&lt;/b> &amp; `date`"));
  CHECK(bytes(scratch / "a.png").starts_with("\x89PNG"));
  plot_timeline(lookup(Outcome::answered, 0s, {}), scratch / "b.svg");
  CHECK_THAT(bytes(scratch / "b.svg"), Contains("no server was asked"));
}

TEST_CASE("A picture that cannot be drawn leaves what was there and nothing half-drawn") {
  const ScratchDirectory scratch;
  const auto file = scratch / "a.svg";
  std::ofstream(file) << "before";
  CHECK_THROWS_WITH(draw("plot this is no plot", 800, 480, file), Contains("a.svg: gnuplot failed: "));
  CHECK(bytes(file) == "before");
  fs::remove(file);
  CHECK(fs::is_empty(scratch.path()));
  CHECK_THROWS_AS(draw("plot x", 800, 480, scratch / "no-such-directory/a.svg"), Error);
  CHECK_THROWS_AS(plot_timeline(incident(), scratch / "a.gif"), InputError);
  CHECK(fs::is_empty(scratch.path()));
}

TEST_CASE("Without gnuplot the message says what to install") {
  const ScratchDirectory scratch;
  const std::string path = std::getenv("PATH");
  setenv("PATH", "/nonexistent", 1);
  CHECK_THROWS_WITH(plot_timeline(incident(), scratch / "a.svg"), Contains("gnuplot-nox"));
  setenv("PATH", path.c_str(), 1);
}

}  // namespace
}  // namespace hanglab::analysis
