// Each broken scenario is the small one with one mistake in it; the reader names place and problem.
#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;

namespace {

struct Mistake {
  std::string from;
  std::string to;
  std::string complaint;
};

void check(const std::vector<Mistake>& mistakes) {
  for (const auto& [from, to, complaint] : mistakes) {
    CAPTURE(from, to);
    const auto text = small_with(from, to);
    CHECK(complaint_of([&] { parse(text, "small.yaml"); }) == complaint);
  }
}

}  // namespace

TEST_CASE("the small scenario itself has no mistake") {
  CHECK(complaint_of([] { parse(small_scenario, "small.yaml"); }) == "no complaint");
}

TEST_CASE("a mistake in the form is refused with the nearest known key") {
  check({
      {"    sysctls:", "    sysctl:",
       "small.yaml:14:5: unknown key 'sysctl' in hosts.vm; nearest is 'sysctls'"},
      {"name: small", "nmae: small", "small.yaml:1:1: unknown key 'nmae' in a scenario; nearest is 'name'"},
      {"loss: 2%", "colour: red",
       "small.yaml:25:57: unknown key 'colour' in links.1; known: from, to, delay, jitter, rate, loss, "
       "bursts, "
       "lose, down"},
      {"links:", "hosts:", "small.yaml:23:1: 'hosts' is here already, at line 2"},
      {"    interfaces:\n      eth0: {address: 10.0.0.2/24}\n", "",
       "small.yaml:11:5: hosts.vm needs 'interfaces'"},
      {"    kernel: {version: \"6.1\", hz: 250}", "    kernel: 6.1",
       "small.yaml:11:13: hosts.vm.kernel wants a map, this is text"},
      {"    nsswitch.conf: \"hosts: files dns\"",
       "    nsswitch.conf:", "small.yaml:17:5: hosts.vm.nsswitch.conf wants text, this is nothing"},
      {"    nsswitch.conf: \"hosts: files dns\"", "    nsswitch.conf: hosts: files dns",
       "small.yaml:17:25: a text that holds ': ' needs quotes"},
      {"    sysctls:", "\t sysctls:", "small.yaml:14:3: a tab indents this line; YAML wants spaces"},
      {"version: \"6.1\"", "version: !str \"6.1\"",
       "small.yaml:11:23: a scenario has no tags; take '!str' away"},
      {"lookups:\n", "---\nlookups:\n",
       "small.yaml:27:1: a second document begins here; a scenario is one document"},
  });
}

TEST_CASE("a value without its unit, or with another, is refused") {
  check({
      {"delay: 30us", "delay: 30",
       "small.yaml:25:37: '30' is not a duration: its unit is missing (ns, us, ms, s, min, h)"},
      {"delay: 30us", "delay: 30usec",
       "small.yaml:25:37: '30usec' is not a duration: no unit 'usec'; nearest is 'us'"},
      {"rate: 10Gbps", "rate: 10gbps",
       "small.yaml:25:49: '10gbps' is not a rate: no unit 'gbps'; nearest is 'Gbps'"},
      {"loss: 2%", "loss: 0.02", "small.yaml:25:63: '0.02' is not a share: its unit is missing (%)"},
      {"loss: 2%", "loss: 101%", "small.yaml:25:63: '101%' is not a share: too large or too fine"},
      {"name: small", "give_up: 0s", "small.yaml:1:10: 'give_up' must leave a lookup some time"},
  });
}

TEST_CASE("a host that could not be is refused") {
  check({
      {"10.0.0.2/24", "10.0.0.256/24",
       "small.yaml:13:23: bad address '10.0.0.256/24': wanted as 192.168.122.119/24"},
      {"10.0.0.2/24", "10.0.0.2", "small.yaml:13:23: '10.0.0.2' has no prefix length: wanted as 10.0.0.2/24"},
      {"10.0.0.2/24}", "10.0.0.2/24, mtu: 67}", "small.yaml:13:41: bad mtu '67': wanted 68 to 65535"},
      {"10.0.0.2/24}", "10.0.0.2/24, mtu: 65536}", "small.yaml:13:41: bad mtu '65536': wanted 68 to 65535"},
      {"10.0.0.2/24}", "10.0.0.2/24, mtu: 1k}", "small.yaml:13:41: bad mtu '1k': wanted 68 to 65535"},
      {"10.0.0.2/24", "10.0.0.255/24", "small.yaml:13:23: 10.0.0.255/24 is the network's broadcast address"},
      {"10.0.0.2/24", "10.0.0.1/24",
       "small.yaml:13:13: vm.eth0 cannot have 10.0.0.1: it belongs to dns.eth0"},
      {"hz: 250", "hz: 60", "small.yaml:11:34: no kernel ticks at 60 Hz; known: 100, 250, 300, 1000"},
      {"version: \"6.1\"", "version: six", "small.yaml:11:23: bad kernel version 'six': wanted as 6.1"},
      {"version: \"6.1\"", "version: 3.10.0-1160.el7",
       "small.yaml:11:23: kernel 3.10.0-1160.el7: the lab models the timers of Linux 4.8 and later"},
      {"tcp_syn_retries: 6", "tcp_syn_retires: 6",
       "small.yaml:14:15: 'net.ipv4.tcp_syn_retires' is no sysctl that the lab models; nearest is "
       "'net.ipv4.tcp_syn_retries'"},
      {"tcp_syn_retries: 6", "tcp_syn_retries: 128",
       "small.yaml:14:41: '128' is not a whole number from 1 to 127"},
      {"tcp_syn_retries: 6", "tcp_syn_linear_timeouts: 4",
       "small.yaml:14:15: 'net.ipv4.tcp_syn_linear_timeouts' came with kernel 6.5; this host runs 6.1"},
      {"  vm:\n", "  v m:\n",
       "small.yaml:10:3: 'v m' cannot name a host: letters, digits, - and _, at most 63 of them"},
  });
}

TEST_CASE("a mistake inside a text of its own is placed at its line and column in the file") {
  const auto rule = [] { parse_small_with("--dport 53", "--dprot 53"); };
  CHECK_THAT(complaint_of(rule), Catch::StartsWith("small.yaml:20:33: "));
  const auto action = [] { parse_small_with("files dns\"", "files [NOTFOUND=retrun] dns\""); };
  CHECK_THAT(complaint_of(action), Catch::StartsWith("small.yaml:17:44: "));
  const auto in_whole_file = [] {
    parse_small_with("\"hosts: files dns\"", "|\n      passwd: files\n       hosts: files [oops=1] dns");
  };
  CHECK_THAT(complaint_of(in_whole_file), Catch::StartsWith("small.yaml:19:22: "));
}

TEST_CASE("a name service that the lab cannot play is refused") {
  check({
      {"\"hosts: files dns\"", "\"hosts: files mdns4_minimal dns\"",
       "small.yaml:17:21: the service 'mdns4_minimal' is not modelled; known: files, dns, myhostname"},
      {"\"hosts: files dns\"", "\"passwd: files\"",
       "small.yaml:17:20: no 'hosts:' line in it, as in \"hosts: files dns\""},
      {"nameserver 10.0.0.1", "nameserver fe80::1",
       "small.yaml:16:7: name server fe80::1: the lab's hosts have no link-local addresses; give the server "
       "a global "
       "or unique local one"},
  });
}

TEST_CASE("a DNS server that could not run is refused") {
  check({
      {"dnsmasq 2.90", "dnsmask 2.90",
       "small.yaml:7:19: no DNS server software 'dnsmask'; nearest is 'dnsmasq'"},
      {"dnsmasq 2.90", "dnsmasq",
       "small.yaml:7:19: 'dnsmasq' wants its version behind its name, as in 'dnsmasq 2.90'"},
      {"addn-hosts: |\n          10.0.1.1 a.test", "addn-hosts-file: missing.addnhosts",
       "small.yaml:8:26: cannot read missing.addnhosts: No such file or directory"},
      {"        addn-hosts:", "        listen: 10.0.0.9\n        addn-hosts:",
       "small.yaml:8:17: dns has no address 10.0.0.9 to listen on"},
      {"        addn-hosts:", "      - software: dnsmasq 2.90\n        addn-hosts:",
       "small.yaml:8:9: two DNS servers of dns would listen on one address; give each its own with 'listen'"},
  });
}

TEST_CASE("a network with a missing, doubled or circular link is refused") {
  check({
      {"  - {from: dns.eth0, to: br0}\n", "", "small.yaml:5:7: dns.eth0 is on no link and is no bridge"},
      {"from: dns.eth0", "from: vm.eth0",
       "small.yaml:25:12: vm.eth0 is on a link already; an interface has one cable"},
      {"from: dns.eth0", "from: dsn.eth0", "small.yaml:24:12: no host 'dsn'; nearest is 'dns'"},
      {"from: dns.eth0", "from: dns.eth1",
       "small.yaml:24:12: dns has no interface 'eth1'; nearest is 'eth0'"},
      {"from: dns.eth0", "from: dns",
       "small.yaml:24:12: 'dns' is a host; a link ends at an interface, as in dns.eth0"},
      {"from: dns.eth0", "from: br1", "small.yaml:24:12: no bridge 'br1'; nearest is 'br0'"},
      {"from: dns.eth0", "from: br0", "small.yaml:24:21: a link from br0 to itself"},
      {"lookups:\n", "  - {from: br0, to: br1}\n  - {from: br1, to: br0}\nlookups:\n",
       "small.yaml:26:21: no bridge 'br1'; nearest is 'br0'"},
      {"br0: {}", "br0: {host: dns, interface: eth0}",
       "small.yaml:24:12: dns.eth0 is the bridge br0 already; an interface has one cable"},
      {"br0: {}", "br0: {host: dns}", "small.yaml:22:3: br0 needs both 'host' and 'interface', or neither"},
  });
  const auto two_bridges = small_with("  br0: {}\n", "  br0: {}\n  br1: {}\n  br2: {}\n");
  const auto ring = two_bridges.substr(0, two_bridges.find("lookups:")) +
                    "  - {from: br0, to: br1}\n"
                    "  - {from: br1, to: br2}\n"
                    "  - {from: br2, to: br0}\n" +
                    two_bridges.substr(two_bridges.find("lookups:"));
  CHECK(complaint_of([&] { parse(ring, "small.yaml"); }) ==
        "small.yaml:30:5: a loop: br2 and br0 are connected already, frames would circle");
}

TEST_CASE("a lookup that nobody could make is refused") {
  check({
      {"host: vm", "host: wm", "small.yaml:27:12: no host 'wm'; nearest is 'vm'"},
      {"glibc-2.36", "glibc-2.37", "small.yaml:27:24: no client 'glibc-2.37'; nearest is 'glibc-2.36'"},
      {"name: a.test}", "name: a.test, call: gethostbyname}",
       "small.yaml:27:56: glibc-2.36 has no call 'gethostbyname'; known: getaddrinfo"},
      {"name: a.test}", "name: a.test, family: ipv4}",
       "small.yaml:27:58: no address family 'ipv4'; known: unspec, inet, inet6"},
      {"name: a.test}", "name: 10.0.0.1}",
       "small.yaml:27:42: '10.0.0.1' is an address: there is nothing to look up"},
      {"name: a.test}", "name: a..test}",
       "small.yaml:27:42: 'a..test' is no name: a label has 1 to 63 characters"},
      {"name: a.test}", "name: a.test, count: 3}",
       "small.yaml:27:57: 'count' wants 'every': how long after one the next begins"},
      {"lookups:\n  - {host: vm, client: glibc-2.36, name: a.test}\n", "lookups: []\n",
       "small.yaml:26:10: no lookups: nothing would happen"},
      {"lookups:\n  - {host: vm, client: glibc-2.36, name: a.test}\n", "",
       "small.yaml:1:1: a scenario needs 'lookups'"},
  });
}

TEST_CASE("a route that the kernel would refuse, or that the lab would not follow, is refused") {
  const auto route = [](const std::string& text) {
    return small_with("    sysctls:", "    routes: [\"" + text + "\"]\n    sysctls:");
  };
  const auto complaint = [&](const std::string& text) {
    return complaint_of([&] { parse(route(text), "small.yaml"); });
  };
  CHECK(complaint("default via 10.0.0.1 dev eth0 proto static metric 100") == "no complaint");
  CHECK(complaint("10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.2") == "no complaint");
  CHECK(complaint("default via 10.9.0.1") ==
        "small.yaml:14:14: vm has no neighbour 10.9.0.1: a gateway is another host on a network of its "
        "interfaces");
  CHECK(complaint("default via 10.0.0.1 dev eth1") ==
        "small.yaml:14:14: default leads out of eth0, not eth1");
  CHECK(complaint("10.1.0.1/16 via 10.0.0.1") ==
        "small.yaml:14:14: 10.1.0.1/16 is an address inside its network, not the network");
  CHECK(complaint("10.1.0.0/16") ==
        "small.yaml:14:14: no interface of vm is in 10.1.0.0/16: which gateway? (\"10.1.0.0/16 via …\")");
  CHECK(complaint("default via 10.0.0.1 onlink table 7") ==
        "small.yaml:14:14: 'onlink' is not modelled; a route reads \"default via 192.168.122.1\"");
}

TEST_CASE("a file that cannot be read is refused by name") {
  CHECK(complaint_of([] { load("topologies/missing.yaml"); }) ==
        "topologies/missing.yaml: cannot read it: No such file or directory");
  CHECK(complaint_of([] { load("topologies"); }) == "topologies: cannot read it: Is a directory");
  CHECK(complaint_of([] { parse("", "empty.yaml"); }) == "empty.yaml: there is nothing in it");
  CHECK(complaint_of([] { parse("# only words\n", "empty.yaml"); }) == "empty.yaml: there is nothing in it");
  CHECK(complaint_of([] { parse(std::string("name: a\0b", 9), "small.yaml"); }) ==
        "small.yaml: byte 8 is zero: this is no text");
}

TEST_CASE("what cannot be of IPv6 is refused at its place") {
  const std::string vm = "eth0: {address: 10.0.0.2/24}";
  const std::string place = "small.yaml:13:23: ";
  check({
      {vm, "eth0: {address: \"2001:db8::2\"}",
       place + "'2001:db8::2' has no prefix length: wanted as 2001:db8::2/64"},
      {vm, "eth0: {address: \"2001:db8::g/64\"}",
       place + "bad address '2001:db8::g/64': wanted as 2001:db8::7/64"},
      {vm, "eth0: {address: \"2001:db8::/64\"}", place + "2001:db8::/64 is the network itself"},
      {vm, "eth0: {address: \"ff02::1/64\"}", place + "ff02::1/64 is no address of a host"},
      {vm, "eth0: {address: \"fe80::2/64\"}",
       place + "fe80::2/64 is link-local; a scenario has global or unique local addresses"},
      {vm, "eth0: {address: \"2001:db8::2/64\", mtu: 1000}",
       "small.yaml:13:46: an mtu of 1000: IPv6 needs 1280 at least"},
      {"    sysctls:", "    ip6tables: -A OUTPUT -j DROP\n    sysctls:",
       "small.yaml:14:5: ip6tables on a host without an IPv6 address; give an interface one"},
      {"    sysctls:", "    routes: [\"default via 2001:db8::1\"]\n    sysctls:",
       "small.yaml:14:14: vm has no neighbour 2001:db8::1: a gateway is another host on a network of its "
       "interfaces"},
      {"    sysctls:", "    routes: [\"2001:db8::/64 via 10.0.0.1\"]\n    sysctls:",
       "small.yaml:14:14: bad address '10.0.0.1' of a gateway"},
      {"      - software: dnsmasq 2.90", "      - software: dnsmasq 2.90\n        listen: \"2001:db8::1\"",
       "small.yaml:8:17: dns has no address 2001:db8::1 to listen on"},
      {"nameserver 10.0.0.1", "nameserver 2001:db8::1%eth0",
       "small.yaml:16:7: name server 2001:db8::1%eth0: the lab's hosts have no link-local addresses; give "
       "the server a "
       "global or unique local one"},
  });
}
