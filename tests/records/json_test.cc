#include "records/json.hh"

#include <catch2/catch.hpp>
#include <limits>

#include "core/error.hh"
#include "records/csv.hh"
#include "tests/records/examples.hh"

namespace hanglab::records {
namespace {

std::string json(const Lookup& lookup) {
  std::string out;
  append_json(out, lookup);
  return out;
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const auto at = text.find(what);
  REQUIRE(at != text.npos);
  return text.replace(at, what.size(), with);
}

TEST_CASE("The incident is one line with the documented keys in the documented order") {
  CHECK(json(incident()) ==
        R"({"scenario":"libvirt-tcp53-drop","run":3,"seed":42,"host":"vm","client":"glibc-2.28",)"
        R"("call":"getaddrinfo","name":"me.mydomain.net","start_s":0.000000000,"duration_s":130.902843001,)"
        R"("outcome":"failed","error":"EAI_NONAME","addresses":0,"censored":false,"attempts":[)"
        R"({"server":"192.168.122.1:53","transport":"udp","start_s":0.000000000,"end_s":0.000310000,)"
        R"("result":"truncated","bytes":497,"full_bytes":4113,"syns":0,"sends_s":[0.000000000,0.000012000]},)"
        R"({"server":"192.168.122.1:53","transport":"tcp","start_s":0.000310000,"end_s":130.902843001,)"
        R"("result":"connect ETIMEDOUT","bytes":0,"full_bytes":null,"syns":7,"sends_s":[0.000310000,)"
        R"(1.024000000,3.040000000,7.104000000,15.296000000,31.424000000,65.536000000]}]})"
        "\n");
}

TEST_CASE("A lookup comes back from JSON as it was") {
  CHECK(parse_json(json(incident())) == incident());
  CHECK(parse_json(json(still_hanging())) == still_hanging());
  auto odd = incident();
  odd.name = "tab\tnewline\nunit\x1f separator é";
  odd.duration = Duration(std::numeric_limits<Duration::rep>::max());
  odd.start = Duration(std::numeric_limits<Duration::rep>::min());
  CHECK(parse_json(json(odd)) == odd);
  CHECK(json(odd).find('\n') == json(odd).size() - 1);
}

TEST_CASE("Keys may stand in any order, with white space, and numbers in other forms") {
  const auto lookup = parse_json(
      R"({ "attempts": [], "censored": false, "addresses": 255, "error": "", "outcome": "answered",
           "duration_s": 3.2e-3, "start_s": 0, "name": "n", "call": "c", "client": "glibc-2.36", "host": "vm",
           "seed": 1, "run": 2, "scenario": "s" })");
  CHECK(lookup.duration == std::chrono::microseconds(3200));
  CHECK(lookup.addresses == 255);
  CHECK(lookup.outcome == Outcome::answered);
}

TEST_CASE("A line that is no lookup is refused with the reason") {
  const auto good = json(incident());
  struct Case {
    std::string line;
    std::string message;
  };
  const std::vector<Case> cases = {
      {replaced(good, R"("run":3,)", ""), "key \"run\" is missing"},
      {replaced(good, R"("run":3)", R"("run":3,"run":4)"), "key \"run\" appears twice"},
      {replaced(good, R"("seed")", R"("sead")"), "unknown key \"sead\""},
      {replaced(good, R"("run":3)", R"("run":-3)"), "\"run\" cannot be -3"},
      {replaced(good, R"("run":3)", R"("run":3.5)"), "\"run\" cannot be 3.5"},
      {replaced(good, R"("run":3)", R"("run":"3")"), "\"run\" cannot be \"3\""},
      {replaced(good, R"("failed")", R"("lost")"), "\"outcome\" cannot be \"lost\""},
      {replaced(good, R"("vm")", "null"), "\"host\" cannot be null"},
      {replaced(good, R"("vm")", "[]"), "\"host\" cannot be a list"},
      {replaced(good, R"("censored":false)", R"("censored":0)"), "\"censored\" cannot be 0"},
      {replaced(good, R"("udp")", R"("sctp")"), "\"transport\" cannot be \"sctp\""},
      {replaced(good, "192.168.122.1:53", "192.168.122.1"), "\"server\" cannot be \"192.168.122.1\""},
      {replaced(good, "[0.000000000,", "[true,"), "\"sends_s\" holds times, not true"},
      {replaced(good, R"("sends_s":[)", R"("sends_s":{)"), "\"sends_s\" cannot be an object"},
      {replaced(good, R"("result":"truncated",)", ""), "key \"result\" is missing"},
      {replaced(good, R"("attempts":[)", R"("attempts":[7,)"), "an attempt must be an object, not 7"},
      {"[]", "a lookup must be an object, not a list"},
      {"7", "a lookup must be an object, not 7"},
  };
  for (const auto& [line, message] : cases) {
    INFO(line);
    CHECK_THROWS_WITH(parse_json(line), message);
    CHECK_THROWS_AS(parse_json(line), InputError);
  }
  CHECK_THROWS_AS(parse_json(good.substr(0, good.size() / 2)), InputError);
  CHECK_THROWS_AS(parse_json(good + good), InputError);
  CHECK_THROWS_AS(parse_json(""), InputError);
}

TEST_CASE("CSV has the same columns, the attempts as their number") {
  std::string out;
  append_csv_header(out);
  append_csv(out, incident());
  auto odd = still_hanging();
  odd.name = "a,\"b\"";
  append_csv(out, odd);
  CHECK(
      out ==
      "scenario,run,seed,host,client,call,name,start_s,duration_s,outcome,error,addresses,censored,attempts\n"
      "libvirt-tcp53-drop,3,42,vm,glibc-2.28,getaddrinfo,me.mydomain.net,0.000000000,130.902843001,failed,"
      "EAI_NONAME,0,false,2\n"
      "datadrop,18446744073709551615,9223372036854775808,vm-2,glibc-2.36,getaddrinfo,\"a,\"\"b\"\"\","
      "5.000000000,600.000000000,hung,,0,true,0\n");
}

}  // namespace
}  // namespace hanglab::records
