#include "scenario/launch.hh"

#include <catch2/catch.hpp>

#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;

namespace {

const std::string old_server =
    "      - software: dnsmasq 2.90\n"
    "        addn-hosts: |\n"
    "          10.0.1.1 a.test\n";

Scenario with_server(const std::string& lines) { return parse_small_with(old_server, lines); }

std::string text_of(const Launch& launch, const std::string& name) {
  for (const auto& file : launch.files)
    if (file.name == name) return file.text;
  return "no such file";
}

Launch launch_of(const Scenario& scenario) {
  return launch(scenario.hosts[0].dns_servers[0], {*parse_ipv4("10.0.0.1"), *parse_ipv4("10.0.0.3")},
                "/run/dns");
}

const std::string unbound =
    "      - software: unbound 1.17\n"
    "        config: |\n"
    "          server:\n"
    "            local-zone: \".\" refuse\n"
    "        addn-hosts: |\n"
    "          10.0.1.1 a.test b.test\n"
    "          10.0.1.256 bad.test\n"
    "          fd00::1 a.test\n";

const std::string bind =
    "      - software: bind 9.18\n"
    "        config: |\n"
    "          options { recursion no; dnssec-validation no; };\n"
    "          zone \"test\" { type primary; file \"test.zone\"; };\n"
    "        zones:\n"
    "          test.zone: |\n"
    "            $INCLUDE addn-hosts\n"
    "        addn-hosts: |\n"
    "          10.0.1.1 a.test b.test\n";

}  // namespace

TEST_CASE("dnsmasq gets the host file as it stands, and its options behind those of the lab") {
  const auto launch =
      launch_of(parse_small_with("dnsmasq 2.90\n", "dnsmasq 2.90\n        options: --no-resolv -h\n"));
  CHECK(launch.command == std::vector<std::string>{"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
                                                   "--log-facility=-",
                                                   "--pid-file=", "--user=", "--bind-interfaces",
                                                   "--listen-address=10.0.0.1", "--listen-address=10.0.0.3",
                                                   "--no-resolv", "-h", "--addn-hosts=/run/dns/addn-hosts"});
  REQUIRE(launch.files.size() == 1);
  CHECK(text_of(launch, "addn-hosts") == "10.0.1.1 a.test\n");
}

TEST_CASE("unbound includes the scenario's configuration, and the host file as local data") {
  const auto launch = launch_of(with_server(unbound));
  CHECK(launch.command == std::vector<std::string>{"unbound", "-d", "-p", "-c", "/run/dns/unbound.conf"});
  CHECK(text_of(launch, "scenario.conf") == "server:\n  local-zone: \".\" refuse\n");
  CHECK(text_of(launch, "addn-hosts") ==
        "server:\n"
        "  local-data: \"a.test. 0 IN A 10.0.1.1\"\n"
        "  local-data: \"b.test. 0 IN A 10.0.1.1\"\n"
        "  local-data-ptr: \"10.0.1.1 0 a.test.\"\n"
        "  local-data: \"a.test. 0 IN AAAA fd00::1\"\n"
        "  local-data-ptr: \"fd00::1 0 a.test.\"\n");
  const auto conf = text_of(launch, "unbound.conf");
  for (const auto* line : {"  interface: 10.0.0.3\n", "  control-enable: no\n", "  username: \"\"\n",
                           "include: \"/run/dns/scenario.conf\"\n", "include: \"/run/dns/addn-hosts\"\n"})
    CHECK_THAT(conf, Catch::Contains(line));
}

TEST_CASE("BIND gets the lab's options in the scenario's block, and the host file as records to include") {
  const auto launch = launch_of(with_server(bind));
  CHECK(launch.command == std::vector<std::string>{"named", "-g", "-c", "/run/dns/named.conf"});
  CHECK(text_of(launch, "named.conf") ==
        "options {\n"
        "  directory \"/run/dns\";\n"
        "  pid-file none;\n"
        "  session-keyfile none;\n"
        "  listen-on port 53 { 10.0.0.1; 10.0.0.3; };\n"
        "  listen-on-v6 { none; };\n"
        " recursion no; dnssec-validation no; };\n"
        "zone \"test\" { type primary; file \"test.zone\"; };\n"
        "\ncontrols { };\n");
  CHECK(text_of(launch, "test.zone") == "$INCLUDE addn-hosts\n");
  CHECK(text_of(launch, "addn-hosts") == "a.test. 0 IN A 10.0.1.1\nb.test. 0 IN A 10.0.1.1\n");
}

TEST_CASE("systemd-resolved listens on 127.0.0.53 and reads its configuration in an /etc of its own") {
  const auto scenario = with_server(
      "      - software: systemd-resolved 252\n"
      "        config: |\n"
      "          [Resolve]\n"
      "          DNS=10.0.0.1\n");
  const auto& server = scenario.hosts[0].dns_servers[0];
  CHECK(server.listen == std::vector<IpAddress>{*parse_ipv4("127.0.0.53")});
  const auto launch = launch_of(scenario);
  CHECK(text_of(launch, "resolved.conf") == "[Resolve]\nDNS=10.0.0.1\n");
  REQUIRE(launch.command.size() == 5);
  CHECK(launch.command[0] == "sh");
  CHECK(launch.command[3] == "/run/dns/resolved.conf");
}

TEST_CASE("a key that a server does not have, or lacks, is refused at its place") {
  const auto complaint = [](const std::string& lines) { return complaint_of([&] { with_server(lines); }); };
  CHECK(complaint("      - {software: dnsmasq 2.90, config: x}\n") ==
        "small.yaml:7:34: dnsmasq has no 'config': that is for unbound, bind and systemd-resolved");
  CHECK(complaint("      - {software: unbound 1.17, config: x, zones: {}}\n") ==
        "small.yaml:7:45: unbound has no 'zones': that is for bind");
  CHECK(complaint("      - {software: bind 9.18, options: x}\n") ==
        "small.yaml:7:31: bind has no 'options': that is for dnsmasq and lab");
  CHECK(
      complaint("      - {software: systemd-resolved 252, config: x, listen: 10.0.0.1}\n") ==
      "small.yaml:7:53: systemd-resolved has no 'listen': that is for servers that have data or choose where "
      "to listen");
  CHECK(complaint("      - software: systemd-resolved 252\n") ==
        "small.yaml:7:19: systemd-resolved needs its 'config'");
  CHECK(complaint("      - software: bind 9.18\n") == "small.yaml:7:19: bind needs its 'config'");
  CHECK(complaint("      - {software: bind 9.18, config: x, config-file: y}\n") ==
        "small.yaml:7:55: either 'config' or 'config-file', not both");
  CHECK(complaint("      - {software: bind 9.18, config: x, zones: {a: x}, zone-files: {b: missing}}\n") ==
        "small.yaml:7:73: cannot read missing: No such file or directory");
}
