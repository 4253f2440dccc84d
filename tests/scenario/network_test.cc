#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;
using namespace std::chrono_literals;

TEST_CASE("a link has the same properties both ways, and the name of its interface") {
  const auto scenario = parse(small_scenario, "small.yaml");
  REQUIRE(scenario.links.size() == 2);
  const auto& link = scenario.links[1];
  CHECK_FALSE(link.a.is_bridge);
  CHECK(link.a.index == 1);
  CHECK(link.b.is_bridge);
  CHECK(link.b.index == 0);
  CHECK(link.delay == 30us);
  CHECK(link.rate_bps == 10'000'000'000);
  CHECK(link.loss == 0.02);
  CHECK(link.name == "vm.eth0");
}

TEST_CASE("a link that says nothing more is an ideal wire") {
  const auto link = parse(small_scenario, "small.yaml").links[0];
  CHECK(link.delay == 0ns);
  CHECK(link.rate_bps == 0);
  CHECK(link.loss == 0.0);
}

//  vm-1 eth0 10.0.0.2 \                                     .
//  vm-2 eth0 10.0.0.3  >-- br0 ---- eth0 10.0.0.1 dns
//  vm-3 eth0 10.0.0.4 /
TEST_CASE("three copies of a host have three addresses and three links") {
  const auto scenario = parse_small_with("  vm:\n", "  vm:\n    count: 3\n");
  REQUIRE(scenario.hosts.size() == 4);
  REQUIRE(scenario.links.size() == 4);
  for (std::size_t copy = 1; copy <= 3; ++copy) {
    const auto number = std::to_string(copy);
    CHECK(scenario.hosts[copy].name == "vm-" + number);
    CHECK(to_string(scenario.hosts[copy].interfaces[0].address) ==
          "10.0.0." + std::to_string(copy + 1) + "/24");
    CHECK(scenario.links[copy].a.index == copy);
    CHECK(scenario.links[copy].name == "vm-" + number + ".eth0");
  }
}

TEST_CASE("copies stay in their network and off the others' addresses") {
  CHECK(complaint_of([] { parse_small_with("  vm:\n", "  vm:\n    count: 254\n"); }) ==
        "small.yaml:14:13: copy 254 of this host would get 10.0.0.255/24, which is the network's broadcast "
        "address");
  CHECK(complaint_of([] {
          parse(small_with("10.0.0.1/24", "10.0.0.4/24"), "small.yaml", {"hosts.vm.count=3"});
        }) == "small.yaml:13:13: vm-3.eth0 cannot have 10.0.0.4: it belongs to dns.eth0");
  CHECK(complaint_of([] { parse_small_with("  vm:\n", "  vm:\n    count: 0\n"); }) ==
        "small.yaml:11:12: '0' is not a whole number from 1 to 10000");
}

TEST_CASE("one interface does not take the cables of three copies") {
  CHECK(complaint_of([] {
          parse(small_with("  - {from: dns.eth0, to: br0}\n", ""), "small.yaml",
                {"hosts.vm.count=3", "links.0.to=dns.eth0"});
        }) == "--set links.0.to=dns.eth0: dns.eth0 is on a link already; an interface has one cable");
}

//  vm eth0 10.0.0.2 ------ eth0 10.0.0.1 dns
TEST_CASE("two interfaces may be joined without a bridge, copies in pairs") {
  const auto direct = small_with("  - {from: dns.eth0, to: br0}\n", "");
  const auto scenario = parse(direct, "small.yaml", {"links.0.to=dns.eth0"});
  CHECK_FALSE(scenario.links[0].b.is_bridge);
  CHECK(scenario.links[0].b.index == 0);

  const std::vector<std::string> pairs{"links.0.to=dns.eth0", "hosts.dns.count=3", "hosts.vm.count=3",
                                       "hosts.vm.interfaces.eth0.address=10.0.0.11/24"};
  const auto paired = parse(direct, "small.yaml", pairs);
  REQUIRE(paired.links.size() == 3);
  CHECK(paired.links[2].a.index == 5);  // vm-3
  CHECK(paired.links[2].b.index == 2);  // dns-3
}

TEST_CASE("a bridge may be a host's own interface, as libvirt's virbr0 is") {
  const auto text = small_with("  - {from: dns.eth0, to: br0}\n", "");
  const auto scenario = parse(text, "small.yaml", {"bridges.br0={host: dns, interface: eth0}"});
  CHECK(scenario.bridges[0].host == 0U);
  CHECK(scenario.bridges[0].host_interface == 0);
  CHECK(scenario.links.size() == 1);
}
