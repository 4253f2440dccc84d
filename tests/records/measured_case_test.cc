// Measured cases as lookups.
#include "records/measured_case.hh"

#include <catch2/catch.hpp>
#include <fstream>

#include "core/error.hh"
#include "tests/records/scratch_directory.hh"

using namespace hanglab;
using namespace hanglab::records;
using namespace std::chrono_literals;

namespace {

const std::string cases = "tests/captures/groundtruth/";

Lookup observed(const std::string& client, const std::string& observed) {
  const ScratchDirectory folder;
  std::ofstream(folder.path() / "case.json")
      << R"({"case": "c", "client": ")" << client
      << R"(", "host_looked_up": "a.test", "observed_wall_seconds": 30.25, "observed": )" << observed << "}";
  return read_measured_case(folder.path()).lookup;
}

}  // namespace

TEST_CASE("a case is the lookup that was made") {
  const auto drop = read_measured_case(cases + "glibc-2.36--hv-drop");
  CHECK(drop.lookup.client == "glibc-2.36");
  CHECK(drop.lookup.name == "me.mydomain.net");
  CHECK(drop.lookup.error == "EAI_AGAIN");
  CHECK((drop.lookup.duration > 129s && drop.lookup.duration < 132s));
  CHECK(drop.server_capture == cases + "glibc-2.36--hv-drop/hv.pcap");
  const auto clean = read_measured_case(cases + "glibc-2.36--clean").lookup;
  CHECK((clean.outcome == Outcome::answered && clean.addresses == 256));
  const auto hung = read_measured_case(cases + "glibc-2.36--ackdrop").lookup;
  CHECK((hung.outcome == Outcome::hung && hung.censored && hung.duration == 400s));
}

TEST_CASE("errors are named as each program names them") {
  CHECK(observed("cares-1.18", R"({"ok": false, "n": 0, "err": [12, "Timeout"], "seconds": 5.0})").error ==
        "ARES_ETIMEOUT");
  CHECK(observed("musl-1.2.3", R"({"ok": false, "n": 0, "err": [-3, "Try again"], "seconds": 5.0})").error ==
        "EAI_AGAIN");
  CHECK(
      observed("node-20-cares-1.34", R"({"ok": false, "n": 0, "err": "ETIMEOUT", "seconds": 29.0})").error ==
      "ETIMEOUT");
  CHECK(observed("go-1.19", R"({"ok": false, "n": 0, "seconds": 10.0,
                                "err": "lookup a.test on 192.168.122.1:53: dial tcp 192.168.122.1:53: i/o timeout"})")
            .error == "i/o timeout");
}

TEST_CASE("dig's output tells its ending, the clock on the wall how long it took") {
  const auto refused = observed(
      "dig-9.18",
      R"({"text": ";; Truncated, retrying in TCP mode.\n;; Connection to 192.168.122.1#53(192.168.122.1) for a.test failed: connection refused.\n;; no servers could be reached"})");
  CHECK((refused.outcome == Outcome::failed && refused.error == "connection refused"));
  CHECK(refused.duration == 30250ms);
  const auto answered = observed(
      "dig-9.18",
      R"({"text": ";; ->>HEADER<<- opcode: QUERY, status: NOERROR, id: 1\n;; ANSWER SECTION:\na.test.\t0\tIN\tA\t10.0.0.1\na.test.\t0\tIN\tA\t10.0.0.2"})");
  CHECK((answered.outcome == Outcome::answered && answered.addresses == 2));
  CHECK(observed("dig-9.18", R"({"text": ";; ->>HEADER<<- opcode: QUERY, status: NXDOMAIN, id: 1"})").error ==
        "NXDOMAIN");
}

TEST_CASE("what is no case is refused with its place") {
  CHECK_THROWS_WITH(read_measured_case("/nonexistent"), "/nonexistent/case.json: cannot be read");
  const ScratchDirectory folder;
  std::ofstream(folder.path() / "case.json") << "{}";
  CHECK_THROWS_AS(read_measured_case(folder.path()), InputError);
}
