// What the probes print, and which of them there are.
#include "live/clients.hh"

#include <catch2/catch.hpp>
#include <filesystem>

#include "live/client_process.hh"

using namespace hanglab;
using namespace hanglab::live;

TEST_CASE("a probe's line tells the call's times, error and addresses") {
  const auto answered = parse_probe_line("1000\t3500\t-\t10.0.0.1\t2001:db8::1\n");
  REQUIRE(answered);
  CHECK(answered->began == Duration(1000));
  CHECK(answered->ended == Duration(3500));
  CHECK(answered->error.empty());
  CHECK(answered->addresses == 2);

  const auto failed = parse_probe_line("1000\t3500\tno such host\n");
  REQUIRE(failed);
  CHECK(failed->error == "no such host");
  CHECK(failed->addresses == 0);
}

TEST_CASE("anything else is no probe's line") {
  for (const char* line : {"", "\n", "1000\t3500\n", "3500\t1000\t-\n", "1e3\t3500\t-\n",
                           "1000\t3500\t-\tten\n", "Segmentation fault\n", "1000 3500 - 10.0.0.1\n"}) {
    INFO(line);
    CHECK_FALSE(parse_probe_line(line));
  }
}

TEST_CASE("a client without a probe is named with the package that brings it") {
  const auto nowhere = std::filesystem::path("/nonexistent");
  CHECK(std::get<std::string>(find_client("go-1.19", nowhere)) ==
        "go-1.19 is not here; the package golang-go brings it, then build the lab again");
  CHECK(std::get<std::string>(find_client("dig-9.18", nowhere)) ==
        "dig-9.18 is not here; the package bind9-dnsutils brings it");
  CHECK(std::get<std::string>(find_client("dnspython-2.3", nowhere)) ==
        "dnspython-2.3 is not here; the package python3-dnspython brings it");
  CHECK(std::get<std::string>(find_client("nslookup-9", nowhere)) ==
        "no program makes the lookups of nslookup-9");
}

TEST_CASE("modules of the name service switch are found as glibc finds them") {
  CHECK(has_name_service("files") == has_name_service("dns"));
  CHECK_FALSE(has_name_service("no_such_service"));
  CHECK(uses_name_service_switch("python-3.11"));
  CHECK_FALSE(uses_name_service_switch("musl-1.2.3"));
  CHECK_FALSE(uses_name_service_switch("dnspython-2.3"));
}
