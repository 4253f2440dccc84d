// A scenario as another machine has to run it.
#include "live/this_host.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::live;

namespace {

scenario::Scenario written() {
  scenario::Scenario scenario{.name = "s"};
  scenario.hosts.push_back({.name = "vm", .interfaces = {}, .kernel = {.major = 4, .minor = 18, .hz = 1000}});
  scenario.hosts.push_back({.name = "hypervisor",
                            .interfaces = {},
                            .kernel = {.major = 4, .minor = 18, .hz = 1000},
                            .dns_servers = {{.software = "dnsmasq", .version = "2.79"}}});
  return scenario;
}

const ThisHost debian{.kernel = {.major = 6, .minor = 18, .hz = 250}};

}  // namespace

TEST_CASE("the machine's kernel and servers stand in for the written ones, and each is told once") {
  ThisHost machine = debian;
  machine.servers["dnsmasq"] = "2.90";
  std::vector<std::string> notes;
  const auto there = as_on(machine, written(), notes);
  CHECK(there.hosts[0].kernel.hz == 250);
  CHECK(there.hosts[1].dns_servers[0].version == "2.90");
  CHECK(notes == std::vector<std::string>{"kernel 6.18 at 250 Hz stands in for 4.18 at 1000 Hz",
                                          "dnsmasq 2.90 stands in for 2.79"});
}

TEST_CASE("a version that says more of the same stands in for nothing") {
  ThisHost machine = debian;
  machine.servers["dnsmasq"] = "2.79.1";
  std::vector<std::string> notes;
  CHECK(as_on(machine, written(), notes).hosts[1].dns_servers[0].version == "2.79");
  CHECK(notes.size() == 1);  // the kernel's
}

TEST_CASE("a kernel without linear SYN timeouts is played by one that has them switched off") {
  std::vector<std::string> notes;
  auto scenario = written();
  CHECK(as_on(debian, scenario, notes).hosts[0].sysctls.at("net.ipv4.tcp_syn_linear_timeouts") == "0");
  scenario.hosts[0].kernel = {.major = 6, .minor = 6, .hz = 250};
  CHECK(as_on(debian, scenario, notes).hosts[0].sysctls.empty());
}

TEST_CASE("this machine has a kernel of a version that counts in ticks") {
  const auto machine = this_host(written());
  CHECK(machine.kernel.major >= 4);
  CHECK((machine.kernel.hz == 100 || machine.kernel.hz == 250 || machine.kernel.hz == 300 ||
         machine.kernel.hz == 1000));
}
