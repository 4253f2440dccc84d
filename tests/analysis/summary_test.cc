#include "analysis/summary.hh"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "analysis/table.hh"
#include "tests/analysis/examples.hh"

namespace hanglab::analysis {
namespace {

using namespace std::chrono_literals;

TEST_CASE("A row counts outcomes and errors and takes the median lookup's story") {
  std::vector<Lookup> lookups = {incident(129s), incident(131s), incident(130400ms),
                                 lookup(Outcome::answered, 3ms, {udp("answered", 0s, 3ms, 77)})};
  lookups[1].error = "EAI_AGAIN";
  const auto rows = summarize(lookups);
  REQUIRE(rows.size() == 1);
  const auto& row = rows[0];
  CHECK(row.lookups == 4);
  CHECK(row.answered == 1);
  CHECK(row.failed == 3);
  CHECK(row.hung == 0);
  CHECK(row.failed_by_error ==
        std::vector<std::pair<std::string, std::size_t>>{{"EAI_NONAME", 2}, {"EAI_AGAIN", 1}});
  CHECK(row.shortest == Hang{.time = 3ms});
  CHECK(row.median == Hang{.time = 129700ms});  // between 129 and 130.4 s
  CHECK(row.longest == Hang{.time = 131s});
  REQUIRE(row.ways.size() == 3);
  CHECK(row.ways[0].lookups == 2);
  CHECK(row.ways[0].why ==
        "UDP answer truncated (497 of 4113 bytes), TCP connect timed out after 7 SYNs, 129.0 s");
  CHECK(row.ways[1].error == "EAI_AGAIN");
}

TEST_CASE("Quantiles that a hung lookup can still move are lower bounds") {
  const std::vector<Lookup> lookups = {lookup(Outcome::answered, 1s, {}), lookup(Outcome::answered, 2s, {}),
                                       lookup(Outcome::answered, 600s, {}), lookup(Outcome::hung, 600s, {})};
  const auto row = summarize(lookups).front();
  CHECK(row.hung == 1);
  CHECK(row.shortest == Hang{.time = 1s});
  CHECK(row.median == Hang{.time = 301s});  // between the second and the third, both known
  CHECK(row.p95 == Hang{.time = 600s, .at_least = true});
  CHECK(row.longest == Hang{.time = 600s, .at_least = true});
}

TEST_CASE("A lookup censored early makes later order statistics lower bounds, too") {
  const std::vector<Lookup> lookups = {lookup(Outcome::hung, 1s, {}), lookup(Outcome::answered, 2s, {}),
                                       lookup(Outcome::answered, 3s, {})};
  const auto row = summarize(lookups).front();
  CHECK(row.shortest == Hang{.time = 1s, .at_least = true});
  CHECK(row.median == Hang{.time = 2s, .at_least = true});
}

TEST_CASE("Few hosts have a row each, many share one") {
  std::vector<Lookup> lookups;
  for (int host = 1; host <= 5; ++host) {
    lookups.push_back(incident());
    lookups.back().host = fmt::format("vm-{}", host);
  }
  const auto together = summarize(lookups);
  REQUIRE(together.size() == 1);
  CHECK(together[0].host == "5 hosts");
  lookups.pop_back();
  const auto apart = summarize(lookups);
  REQUIRE(apart.size() == 4);
  CHECK(apart[3].host == "vm-4");
  CHECK(summarize({}).empty());
}

TEST_CASE("Clients, names and scenarios have rows of their own, in the order of their first lookup") {
  std::vector<Lookup> lookups(4, incident());
  lookups[0].client = "musl-1.2.3";
  lookups[2].name = "other.mydomain.net";
  lookups[3].scenario = "clean";
  const auto rows = summarize(lookups);
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].client == "musl-1.2.3");
  CHECK(rows[2].name == "other.mydomain.net");
  CHECK(rows[3].scenario == "clean");
}

TEST_CASE("The table is aligned, in human units, with the reason under each row") {
  std::vector<Lookup> lookups(3, incident());
  lookups.push_back(lookup(Outcome::hung, 600s, {truncated(0s, 310us), tcp("no answer", 600s, {310us})}));
  lookups[3].client = "glibc-2.36";
  lookups.push_back(lookup(Outcome::answered, 310us, {udp("answered", 0s, 310us, 77)}));
  lookups[4].client = "glibc-2.36";
  lookups[4].name = "a";
  CHECK(
      table(summarize(lookups)) ==
      "client      name             host  lookups  answered        failed  hung       min    median       "
      "p95       max\n"
      "glibc-2.28  me.mydomain.net  vm          3         0  3 EAI_NONAME     0  130.40 s  130.40 s  130.40 "
      "s  130.40 s\n"
      "    3 EAI_NONAME: UDP answer truncated (497 of 4113 bytes), TCP connect timed out after 7 SYNs, 130.4 "
      "s\n"
      "glibc-2.36  me.mydomain.net  vm          1         0             0     1   > 600 s   > 600 s   > 600 "
      "s   > 600 s\n"
      "    1 hung: UDP answer truncated (497 of 4113 bytes), TCP connected, then no data: no timeout applies,"
      " still hung after 600 s\n"
      "glibc-2.36  a                vm          1         1             0     0    310 µs    310 µs    310 "
      "µs    310 µs\n"
      "    1 answered: UDP answered 77 bytes, 310 µs\n");
}

TEST_CASE("Scenarios are named where there are several, and rare ways are counted, not told") {
  std::vector<Lookup> lookups(3, incident());
  lookups[1].error = "EAI_AGAIN";
  lookups[2].scenario = "clean";
  const auto text = table(summarize(lookups), 1);
  CHECK(text.starts_with("scenario            client      name"));
  CHECK_THAT(text, Catch::Contains("1 EAI_AGAIN, 1 EAI_NONAME"));
  CHECK_THAT(text, Catch::Contains("\n    1 in 1 other way\n"));
}

}  // namespace
}  // namespace hanglab::analysis
