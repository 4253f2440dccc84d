#include "models/servers/dnsmasq_options.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::servers;

namespace {

const Location here{.file = "lab.yaml", .line = 12};

DnsmasqOptions parse(const std::string& options, const std::string& version = "2.90") {
  return parse_dnsmasq_options(version, options, here);
}

std::string refusal(const std::string& options, const std::string& version = "2.90") {
  try {
    parse(options, version);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("an EDNS answer of 2.90 holds 1232 octets, of 2.79 4096, and never fewer than 512") {
  CHECK(parse("").edns_packet_max == 1232);
  CHECK(parse("", "2.79").edns_packet_max == 4096);
  CHECK(parse("--edns-packet-max=1400").edns_packet_max == 1400);
  CHECK(parse("-P 100").edns_packet_max == 512);
}

TEST_CASE("options are read as getopt reads them") {
  const auto options =
      parse("--no-resolv -hDc0 --local=/MyDomain.net/b.example/ --local-ttl 60 -T30 --port=53");
  CHECK(options.no_resolv);
  CHECK(options.no_hosts);
  CHECK(options.domain_needed);
  CHECK(options.cache_size == 0);
  CHECK(options.local == std::vector<std::string>{"mydomain.net", "b.example"});
  CHECK(options.local_ttl == 30);
}

TEST_CASE("what libvirt and the ground truth say about listening, logging and DHCP changes no answer") {
  const auto options = parse(
      "dnsmasq --conf-file=/dev/null --strict-order --except-interface=lo --bind-dynamic --interface=virbr0 "
      "--dhcp-range=192.168.122.2,192.168.122.254 --dhcp-no-override --dhcp-lease-max=253 -q -k --user=root "
      "--listen-address 192.168.122.1 --pid-file");
  CHECK(options.local.empty());
  CHECK_FALSE(options.no_resolv);
}

TEST_CASE("--server names upstream servers, of all names or of domains") {
  const auto options = parse("--server=10.0.0.1#53 -S /A.example/b.example/10.0.0.2 --server=/c.example/");
  REQUIRE(options.servers.size() == 3);
  CHECK(options.servers[0].domain.empty());
  CHECK(options.servers[0].address == parse_ipv4("10.0.0.1"));
  CHECK(options.servers[1].domain == "a.example");
  CHECK(options.servers[2].domain == "b.example");
  CHECK(options.servers[2].address == parse_ipv4("10.0.0.2"));
  CHECK(options.local == std::vector<std::string>{"c.example"});
}

TEST_CASE("an option that the model does not follow is refused by name and place") {
  CHECK(refusal("--no-resolve") ==
        "lab.yaml:12: dnsmasq option --no-resolve is not among those that the lab models");
  CHECK(refusal("--address=/x/10.0.0.1") ==
        "lab.yaml:12: dnsmasq option --address is not among those that the lab models");
  CHECK(refusal("-hd") == "lab.yaml:12: dnsmasq option -d is not among those that the lab models");
  CHECK(refusal("hosts") == "lab.yaml:12: dnsmasq option hosts is no option");
  CHECK(refusal("--local") == "lab.yaml:12: dnsmasq option --local lacks its value");
  CHECK(refusal("--no-hosts=yes") == "lab.yaml:12: dnsmasq option --no-hosts takes no value");
  CHECK(refusal("--local-ttl=1h") ==
        "lab.yaml:12: dnsmasq option --local-ttl: '1h' is no number from 0 to 2147483647");
  CHECK(
      refusal("--server=8.8.8.8#5353") ==
      "lab.yaml:12: dnsmasq option --server: '8.8.8.8#5353' is no IPv4 address; ports, source addresses and "
      "'#' are not modelled");
  CHECK(refusal("--local=//") ==
        "lab.yaml:12: dnsmasq option --local: wants ADDRESS, /domain/ or /domain/ADDRESS");
  CHECK(refusal("--fast-dns-retry") ==
        "lab.yaml:12: dnsmasq option --fast-dns-retry is not among those that the lab models");
  CHECK(refusal("--server=8.8.8.8", "2.79") ==
        "lab.yaml:12: dnsmasq 2.79 that forwards is not modelled; 2.90 is");
  CHECK(refusal("--local=/#/") == "lab.yaml:12: dnsmasq option --local: the domain '#' is not modelled");
  CHECK(refusal("--port=5353") ==
        "lab.yaml:12: dnsmasq option --port: the lab's DNS servers listen on port 53");
}

TEST_CASE("2.79 knows no option that came later, and other versions are not modelled") {
  CHECK(parse("--no-round-robin").round_robin == false);
  CHECK(refusal("--no-round-robin", "2.79") ==
        "lab.yaml:12: dnsmasq option --no-round-robin is unknown to dnsmasq 2.79");
  CHECK(refusal("", "2.85") == "lab.yaml:12: dnsmasq 2.85 is not modelled; 2.79 and 2.90 are");
}
