#include "replay/captured_workload.hh"

#include <catch2/catch.hpp>

#include "core/dns.hh"
#include "core/error.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

TEST_CASE("captured lookups become planned ones, at their distances from the first") {
  const Ipv4Address vm{0xc0a87a77};
  const Ipv4Address other{0xc0a87a78};
  const std::vector<CapturedLookup> lookups{
      {.client = vm, .name = "a.example", .types = {dns::type_a, dns::type_aaaa}, .start = 1'700'000'005s},
      {.client = other, .name = "b.example", .types = {dns::type_a}, .start = 1'700'000'003s},
      {.client = vm, .name = "c.example", .types = {dns::type_aaaa}, .start = 1'700'000'003s + 7ns}};
  const std::map<IpAddress, StandIn> stand_ins{
      {vm, {.host = "vm", .client = "glibc-2.36"}},
      {other, {.host = "builder", .client = "dig-9.18", .call = "dig"}}};
  const Workload planned{
      {.host = "vm", .client = "glibc-2.36", .call = "getaddrinfo", .name = "a.example", .at = 2s},
      {.host = "builder",
       .client = "dig-9.18",
       .call = "dig",
       .name = "b.example",
       .family = Family::inet,
       .at = 0s},
      {.host = "vm",
       .client = "glibc-2.36",
       .call = "getaddrinfo",
       .name = "c.example",
       .family = Family::inet6,
       .at = 7ns}};
  CHECK(make_workload(lookups, stand_ins) == planned);
  CHECK(make_workload({}, stand_ins).empty());
  CHECK_THROWS_WITH(make_workload(lookups, {}), "no host stands for the captured client 192.168.122.119");

  const std::vector<CapturedLookup> reverse{
      {.client = vm, .name = "x.in-addr.arpa", .types = {dns::type_ptr}}};
  CHECK_FALSE(can_be_replayed(reverse[0]));
  CHECK_THROWS_AS(make_workload(reverse, stand_ins), Error);
}
