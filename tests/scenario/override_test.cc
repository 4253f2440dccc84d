#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;

namespace {

Scenario with(const std::vector<std::string>& overrides) {
  return parse(small_scenario, "small.yaml", overrides);
}

std::string complaint(const std::string& argument) {
  return complaint_of([&] { with({argument}); });
}

const Host& vm(const Scenario& scenario) { return scenario.hosts[1]; }

}  // namespace

TEST_CASE("--set replaces a value, however many dots its key has") {
  CHECK(vm(with({"hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2"})).sysctls ==
        std::map<std::string, std::string>{{"net.ipv4.tcp_syn_retries", "2"}});
  CHECK(vm(with({"hosts.vm.interfaces.eth0.address=10.0.0.7/24"})).interfaces[0].address ==
        parse_ipv4_prefix("10.0.0.7/24"));
  CHECK(with({"links.1.loss=20%"}).links[1].loss == 0.2);
  CHECK(with({"lookups.0.name=b.test"}).lookups[0].name == "b.test");
  CHECK(with({"hosts.dns.dns.0.software=dnsmasq 2.79"}).hosts[0].dns_servers[0].version == "2.79");
}

TEST_CASE("--set adds a setting, and a key that the file leaves out") {
  const auto scenario = with({"hosts.vm.sysctls.net.ipv4.tcp_retries2=8", "hosts.dns.kernel.hz=1000",
                              "give_up=5min", "hosts.dns.sysctls.net.ipv4.ip_forward=1"});
  CHECK(vm(scenario).sysctls == std::map<std::string, std::string>{{"net.ipv4.tcp_retries2", "8"},
                                                                   {"net.ipv4.tcp_syn_retries", "6"}});
  CHECK(scenario.hosts[0].kernel.hz == 1000);
  CHECK(scenario.hosts[0].forwards);
  CHECK(scenario.give_up == std::chrono::minutes(5));
}

TEST_CASE("--set takes a text as it is, or as YAML between quotes") {
  CHECK(vm(with({"hosts.vm.resolv.conf=nameserver 10.0.0.9"})).resolv_conf_text == "nameserver 10.0.0.9");
  CHECK(vm(with({"hosts.vm.nsswitch.conf=hosts: dns files"})).nsswitch_text == "hosts: dns files");
  CHECK(vm(with({"hosts.vm.iptables="})).firewall.empty());
  CHECK(vm(with({R"(hosts.vm.resolv.conf="nameserver 10.0.0.9\noptions use-vc\n")"})).resolv_conf_text ==
        "nameserver 10.0.0.9\noptions use-vc\n");
  CHECK(vm(with({"hosts.vm.iptables=iptables -A OUTPUT -p udp --dport 53 -j DROP"})).iptables_text ==
        "iptables -A OUTPUT -p udp --dport 53 -j DROP");
}

TEST_CASE("--set takes a map or a list as YAML") {
  CHECK(vm(with({"hosts.vm.routes=[default via 10.0.0.1]"})).routes.size() == 1);
  const auto scenario = with({"hosts.vm.kernel={version: 6.6, hz: 1000}"});
  CHECK(vm(scenario).kernel.minor == 6);
  CHECK(vm(scenario).kernel.hz == 1000);
}

TEST_CASE("of several --set the last has the last word") {
  CHECK(with({"links.1.loss=20%", "links.1.loss=1%"}).links[1].loss == 0.01);
}

TEST_CASE("a --set path that leads nowhere says where it ends") {
  CHECK(complaint("hosts.wm.kernel.hz=250") ==
        "--set hosts.wm.kernel.hz=250: no 'wm' in hosts; nearest is 'vm'");
  CHECK(complaint("host.vm.kernel.hz=250") ==
        "--set host.vm.kernel.hz=250: no 'host' in the scenario; nearest is 'hosts'");
  CHECK(complaint("hosts.vm.resolve.conf=x") ==
        "--set hosts.vm.resolve.conf=x: no 'resolve.conf' in hosts.vm; nearest is 'resolv.conf'");
  CHECK(complaint("links.2.loss=1%") ==
        "--set links.2.loss=1%: no 2 in links: it has 2 of them, counted from 0");
  CHECK(complaint("links.first.loss=1%") ==
        "--set links.first.loss=1%: links is a list: a number from 0 is wanted, not 'first'");
  CHECK(complaint("name.first=x") == "--set name.first=x: name has no keys, so no 'first' either");
  CHECK(complaint("hosts.vm=") == "--set hosts.vm=: hosts.vm wants a map, this is text");
  CHECK(complaint("links.1.loss") ==
        "--set links.1.loss: wanted as path=value, for example hosts.vm.kernel.hz=1000");
}

TEST_CASE("a --set value is checked like any other, and named when it is wrong") {
  CHECK(complaint("hosts.vm.sysctls.net.ipv4.tcp_syn_retries=many") ==
        "--set hosts.vm.sysctls.net.ipv4.tcp_syn_retries=many: 'many' is not a whole number from 1 to 127");
  CHECK(complaint("hosts.vm.sysctls.net.ipv4.tcp_sin_retries=2") ==
        "--set hosts.vm.sysctls.net.ipv4.tcp_sin_retries=2: 'net.ipv4.tcp_sin_retries' is no sysctl that the "
        "lab "
        "models; nearest is 'net.ipv4.tcp_syn_retries'");
  CHECK_THAT(complaint("hosts.vm.iptables=iptables -A OUTPUT -j DORP"),
             Catch::StartsWith("--set hosts.vm.iptables=iptables -A OUTPUT -j DORP:1:23: "));
  CHECK(complaint("hosts.vm.routes=[default") ==
        "--set hosts.vm.routes=[default:1:1: end of sequence flow not found");
}

TEST_CASE("the text kept for provenance is the file, or says the same as file and --set together") {
  CHECK(parse(small_scenario, "small.yaml").text == small_scenario);

  const auto changed = with({"hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2", "links.0.delay=5ms"});
  const auto again = parse(changed.text, "small.yaml");
  CHECK(again.hosts[1].sysctls == changed.hosts[1].sysctls);
  CHECK(again.links[0].delay == std::chrono::milliseconds(5));
  CHECK(again.hosts[1].iptables_text == changed.hosts[1].iptables_text);
  CHECK(again.hosts[0].dns_servers[0].host_file == "10.0.1.1 a.test\n");
  CHECK(changed.overrides ==
        std::vector<std::string>{"hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2", "links.0.delay=5ms"});
}
