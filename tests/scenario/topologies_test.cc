// The scenarios that come with the lab say what their names promise.
#include <algorithm>

#include <catch2/catch.hpp>

#include "scenario/read_file.hh"
#include "scenario/scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;
using namespace std::chrono_literals;

namespace {

Scenario shipped(const std::string& name) {
  auto scenario = load("topologies/" + name + ".yaml");
  CHECK(scenario.name == name);
  CHECK(scenario.warnings.empty());
  return scenario;
}

}  // namespace

TEST_CASE("libvirt-tcp53-drop is the incident on RHEL 8") {
  const auto scenario = shipped("libvirt-tcp53-drop");
  const auto& vm = scenario.hosts[*scenario.host_index("vm")];
  CHECK(to_string(vm.interfaces[0].address) == "192.168.122.119/24");
  CHECK(vm.kernel.major == 4);
  CHECK(vm.kernel.minor == 18);
  CHECK(vm.kernel.hz == 1000);
  CHECK(vm.nsswitch_text == "hosts: files dns myhostname");
  CHECK(vm.iptables_text == "iptables -A OUTPUT -d 192.168.122.1 -p tcp --dport 53 -j DROP\n");
  CHECK(scenario.workload() ==
        Workload{{.host = "vm", .client = "glibc-2.28", .call = "getaddrinfo", .name = "me.mydomain.net"}});
}

TEST_CASE("the incident's host file is what the shell's loop wrote, bad line and all") {
  const auto scenario = shipped("libvirt-tcp53-drop");
  const auto& server = scenario.hosts[*scenario.host_index("hypervisor")].dns_servers[0];
  CHECK(server.software == "dnsmasq");
  CHECK(server.version == "2.79");
  CHECK(server.options == "--no-resolv --no-hosts --local=/mydomain.net/");
  CHECK(server.host_file_name == "topologies/default.addnhosts");
  CHECK(std::ranges::count(server.host_file, '\n') == 256);
  CHECK(server.host_file.starts_with("10.0.0.1 me.mydomain.net\n10.0.0.2 me.mydomain.net\n"));
  CHECK(server.host_file.ends_with("\n10.0.0.256 me.mydomain.net\n"));
}

TEST_CASE("debian-tcp53-drop is the same fault on Debian 12") {
  const auto scenario = shipped("debian-tcp53-drop");
  const auto& vm = scenario.hosts[*scenario.host_index("vm")];
  CHECK(vm.kernel.hz == 250);
  CHECK(vm.nsswitch_text == "hosts: files dns");
  CHECK_FALSE(vm.firewall.empty());
  CHECK(scenario.lookups[0].client == "glibc-2.36");
}

TEST_CASE("libvirt-clean differs from debian-tcp53-drop in the rule alone") {
  const auto clean = shipped("libvirt-clean");
  const auto faulty = shipped("debian-tcp53-drop");
  CHECK(clean.hosts[1].firewall.empty());
  CHECK(clean.hosts[0].dns_servers[0].host_file == faulty.hosts[0].dns_servers[0].host_file);
  CHECK(clean.hosts[1].resolv_conf == faulty.hosts[1].resolv_conf);
  CHECK(clean.workload() == faulty.workload());
}

TEST_CASE("libvirt-100-vms looks up a hundred times, the last at 49.5 s") {
  const auto scenario = shipped("libvirt-100-vms");
  CHECK(scenario.hosts.size() == 101);
  CHECK(scenario.links.size() == 100);
  const auto workload = scenario.workload();
  REQUIRE(workload.size() == 100);
  CHECK(workload.back().host == "vm-100");
  CHECK(workload.back().at == 49500ms);
  const auto& last = scenario.hosts[*scenario.host_index("vm-100")];
  CHECK(to_string(last.interfaces[0].address) == "192.168.122.200/24");
  CHECK_FALSE(last.firewall.empty());
}

TEST_CASE("the examples of docs/scenario-format.md hold") {
  const auto page = read_file("docs/scenario-format.md", {}, "cannot read the page");
  const std::string fence = "```yaml\n";
  const auto begin = page.find(fence) + fence.size();
  const auto example = parse(page.substr(begin, page.find("```", begin) - begin), "example.yaml");
  CHECK(example.warnings.empty());
  CHECK(example.workload().size() == 10);
  CHECK(example.links[0].loss == 0.2);
  CHECK(example.hosts[1].resolv_conf.use_vc);

  const std::string incident = "topologies/libvirt-tcp53-drop.yaml";
  CHECK(load(incident, {"hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2"}).hosts[1].sysctls.size() == 1);
  CHECK(load(incident, {"hosts.vm.nsswitch.conf=hosts: files dns"}).hosts[1].nsswitch.size() == 2);
  CHECK(load(incident, {R"(hosts.vm.resolv.conf="nameserver 192.168.122.1\noptions use-vc")"})
            .hosts[1]
            .resolv_conf.use_vc);
  CHECK(load(incident, {"links.0.loss=20%", "hosts.vm.iptables="}).hosts[1].firewall.empty());
  CHECK(load("topologies/libvirt-100-vms.yaml", {"hosts.vm.count=10"}).links.size() == 10);
}

TEST_CASE("unbound-tcp53-drop differs from debian-tcp53-drop in the server alone") {
  const auto unbound = shipped("unbound-tcp53-drop");
  const auto dnsmasq = shipped("debian-tcp53-drop");
  const auto& server = unbound.hosts[0].dns_servers.at(0);
  CHECK(server.software == "unbound");
  CHECK(server.version == "1.17");
  CHECK(server.host_file == dnsmasq.hosts[0].dns_servers.at(0).host_file);
  CHECK(unbound.hosts[1].iptables_text == dnsmasq.hosts[1].iptables_text);
  CHECK(unbound.workload() == dnsmasq.workload());
}
