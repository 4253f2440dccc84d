#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;

TEST_CASE("what a host leaves out is Debian 12's") {
  const auto scenario = parse(small_scenario, "small.yaml");
  const auto& dns = scenario.hosts[0];
  CHECK(dns.kernel.major == 6);
  CHECK(dns.kernel.minor == 1);
  CHECK(dns.kernel.hz == 250);
  CHECK(dns.sysctls.empty());
  CHECK_FALSE(dns.forwards);
  CHECK(dns.nsswitch_text == "hosts: files dns");
  CHECK(dns.etc_hosts == "127.0.0.1 localhost\n");
  CHECK(dns.firewall.empty());
}

TEST_CASE("a link's end has the MTU of the interface there, at a mere switch the largest") {
  const auto plain = parse(small_scenario, "small.yaml");
  CHECK(plain.hosts[1].interfaces[0].mtu == 1500);
  CHECK(plain.links[0].a.mtu == 1500);
  const auto small = parse_small_with("10.0.0.2/24}", "10.0.0.2/24, mtu: 68}");
  CHECK(small.hosts[1].interfaces[0].mtu == 68);
  CHECK(small.links[1].a.mtu == 68);
  CHECK(small.links[1].b.mtu == 65521);
}

TEST_CASE("texts are kept as they are beside what was read of them") {
  const auto scenario = parse(small_scenario, "small.yaml");
  const auto& vm = scenario.hosts[1];
  CHECK(vm.resolv_conf_text == "nameserver 10.0.0.1\n");
  CHECK(vm.resolv_conf.nameservers == std::vector<IpAddress>{*parse_ipv4("10.0.0.1")});
  CHECK(vm.iptables_text == "# the fault\niptables -A OUTPUT -p tcp --dport 53 -j DROP\n");
  CHECK_FALSE(vm.firewall.empty());
  const auto& server = scenario.hosts[0].dns_servers[0];
  CHECK(server.host_file == "10.0.1.1 a.test\n");
  CHECK(server.host_file_name == "small.yaml");
  CHECK(server.host_file_line == 9);
}

TEST_CASE("a kernel version is read as uname prints it") {
  const auto scenario = parse_small_with("version: \"6.1\"", "version: 4.18.0-553.el8_10.x86_64");
  CHECK(scenario.hosts[1].kernel.major == 4);
  CHECK(scenario.hosts[1].kernel.minor == 18);
}

TEST_CASE("of a whole nsswitch.conf the hosts line counts") {
  const auto scenario = parse_small_with("\"hosts: files dns\"",
                                         "|\n      # sources\n      passwd: files\n      hosts: dns files");
  CHECK(scenario.hosts[1].nsswitch_text == "hosts: dns files");
  CHECK(scenario.hosts[1].nsswitch[0].name == "dns");
}

TEST_CASE("sysctls that hold two numbers, and ip_forward, are read as the kernel reads them") {
  const auto scenario = parse_small_with("net.ipv4.tcp_syn_retries: 6",
                                         "net.ipv4.ip_local_port_range: 40000 40009, net.ipv4.ip_forward: 1");
  CHECK(scenario.hosts[1].sysctls.at("net.ipv4.ip_local_port_range") == "40000\t40009");
  CHECK(scenario.hosts[1].forwards);
  CHECK(complaint_of([] {
          parse_small_with("net.ipv4.tcp_syn_retries: 6", "net.ipv4.ip_local_port_range: 40009 40000");
        }) == "small.yaml:14:45: '40000' is not a whole number from 40009 to 65535");
}

TEST_CASE("an interface may have several addresses") {
  const auto scenario = parse_small_with("{address: 10.0.0.1/24}", "{addresses: [10.0.0.1/24, 10.0.0.3/24]}");
  CHECK(scenario.hosts[0].interfaces[0].address == parse_ipv4_prefix("10.0.0.1/24"));
  CHECK(scenario.hosts[0].interfaces[0].more_addresses == std::vector{*parse_ipv4("10.0.0.3")});
}

TEST_CASE("a default route leads through its gateway; the network of an interface needs no route") {
  const auto scenario = parse_small_with(
      "    sysctls:", "    routes: [default via 10.0.0.1, 10.0.0.0/24 dev eth0 scope link]\n    sysctls:");
  const auto& routes = scenario.hosts[1].routes;
  REQUIRE(routes.size() == 1);
  CHECK(routes[0].destination == Ipv4Prefix{.address = {}, .length = 0});
  CHECK(routes[0].via == parse_ipv4("10.0.0.1"));
}

TEST_CASE("what glibc passes over in resolv.conf is warned about") {
  const auto scenario = parse_small_with("nameserver 10.0.0.1",
                                         "nameserver 10.0.0.256\n"
                                         "      nameservers 10.0.0.1\n"
                                         "      options use_vc ndots:2\n"
                                         "      nameserver 10.0.0.1\n"
                                         "      nameserver 10.0.0.1\n"
                                         "      nameserver 10.0.0.1\n"
                                         "      nameserver 10.0.0.5");
  CHECK(scenario.warnings ==
        std::vector<std::string>{
            "small.yaml:16: bad address '10.0.0.256' of a name server; ignored, as glibc does",
            "small.yaml:17: no keyword 'nameservers' in resolv.conf; nearest is 'nameserver'; ignored, as "
            "glibc does",
            "small.yaml:18: no option 'use_vc' in resolv.conf; nearest is 'use-vc'; ignored, as glibc does",
            "small.yaml:22: 10.0.0.5 is name server number 4; ignored, as glibc does",
        });
}

TEST_CASE("a host that looks up without a resolv.conf is warned about") {
  const auto scenario = parse_small_with("    resolv.conf: |\n      nameserver 10.0.0.1\n", "");
  CHECK(scenario.warnings ==
        std::vector<std::string>{
            "small.yaml:10:3: vm looks names up without a resolv.conf: it will ask 127.0.0.1"});
}

TEST_CASE("an interface may have IPv6 addresses beside its IPv4 address, or instead of it") {
  const auto both = parse_small_with("{address: 10.0.0.2/24}",
                                     "{addresses: [10.0.0.2/24, \"2001:db8::2/64\", \"fd00::2/48\"]}");
  const auto& interface = both.hosts[1].interfaces[0];
  CHECK(to_string(interface.address) == "10.0.0.2/24");
  CHECK(interface.more_addresses.empty());
  REQUIRE(interface.ipv6_addresses.size() == 2);
  CHECK(to_string(interface.ipv6_addresses[0]) == "2001:db8::2/64");
  CHECK(to_string(interface.ipv6_addresses[1]) == "fd00::2/48");
  CHECK(both.hosts[1].has_ipv6());
  const auto alone = parse_small_with("{address: 10.0.0.2/24}", "{address: \"2001:db8::2/64\"}");
  CHECK_FALSE(alone.hosts[1].interfaces[0].has_ipv4());
  CHECK(alone.hosts[1].interfaces[0].addresses() == std::vector<IpAddress>{*parse_ipv6("2001:db8::2")});
}

TEST_CASE("copies of a host count their IPv6 addresses up") {
  const auto scenario = parse_small_with("      eth0: {address: 10.0.0.2/24}",
                                         "      eth0: {address: \"2001:db8::fffe/64\"}\n    count: 3");
  CHECK(to_string(scenario.hosts[2].interfaces[0].ipv6_addresses[0]) == "2001:db8::ffff/64");
  CHECK(to_string(scenario.hosts[3].interfaces[0].ipv6_addresses[0]) == "2001:db8::1:0/64");
}

TEST_CASE("routes over IPv6, ip6tables and IPv6 name servers are read as their IPv4 likes") {
  const auto scenario = parse(
      "hosts:\n"
      "  dns:\n"
      "    interfaces: {eth0: {address: \"2001:db8::1/64\"}}\n"
      "    sysctls: {net.ipv6.conf.all.forwarding: 1}\n"
      "    dns: [{software: dnsmasq 2.90, listen: [\"2001:db8::1\", \"::1\"]}]\n"
      "  vm:\n"
      "    interfaces: {eth0: {addresses: [10.0.0.2/24, \"2001:db8::2/64\"]}}\n"
      "    routes: [\"default via 2001:db8::1 dev eth0\", \"2001:db8::/64 dev eth0\",\n"
      "             \"fd00:7::/32 via 2001:db8::1 src 2001:db8::2\", \"default via 10.0.0.1\"]\n"
      "    resolv.conf: |\n"
      "      nameserver 2001:db8::1\n"
      "      nameserver 10.0.0.1\n"
      "    ip6tables: |\n"
      "      ip6tables -A OUTPUT -p tcp --dport 53 -j DROP\n"
      "links: [{from: vm.eth0, to: dns.eth0}]\n"
      "lookups: [{host: vm, client: glibc-2.36, name: a.test}]\n",
      "six.yaml");
  const Host& dns = scenario.hosts[0];
  const Host& vm = scenario.hosts[1];
  CHECK(dns.forwards_ipv6);
  CHECK_FALSE(dns.forwards);
  CHECK(dns.dns_servers[0].listen == std::vector<IpAddress>{*parse_ipv6("2001:db8::1"), *parse_ipv6("::1")});
  REQUIRE(vm.ipv6_routes.size() == 2);
  CHECK(to_string(vm.ipv6_routes[0].destination) == "::/0");
  CHECK(to_string(vm.ipv6_routes[1].destination) == "fd00:7::/32");
  CHECK(to_string(vm.ipv6_routes[0].via) == "2001:db8::1");
  REQUIRE(vm.routes.size() == 1);
  CHECK(vm.resolv_conf.nameservers ==
        std::vector<IpAddress>{*parse_ipv6("2001:db8::1"), *parse_ipv4("10.0.0.1")});
  CHECK_FALSE(vm.firewall_ipv6.empty());
  CHECK(vm.firewall.empty());
  CHECK(scenario.warnings.empty());
}
