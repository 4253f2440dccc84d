#include "models/servers/hosts_file.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::servers;

TEST_CASE("a host file line is an address and its names; comments and blank lines are nothing") {
  std::vector<std::string> warnings;
  const auto lines = read_hosts({.text = "# all of them\n"
                                         "10.0.9.1 small.mydomain.net small # first\n"
                                         "\n"
                                         "\tfd00::1\tsix.mydomain.net.\r\n"
                                         "10.0.9.2#no names",
                                 .file = "hosts"},
                                warnings);
  CHECK(warnings.empty());
  REQUIRE(lines.size() == 3);
  CHECK(to_string(lines[0].address) == "10.0.9.1");
  CHECK(lines[0].names == std::vector<std::string>{"small.mydomain.net", "small"});
  CHECK(to_string(lines[1].address) == "fd00::1");
  CHECK(lines[1].names == std::vector<std::string>{"six.mydomain.net"});
  CHECK(to_string(lines[2].address) == "10.0.9.2");
  CHECK(lines[2].names.empty());
}

TEST_CASE("a name with a capital letter is kept in lower case") {
  std::vector<std::string> warnings;
  const auto lines = read_hosts({.text = "10.0.0.1 Me.MyDomain.NET\n", .file = "hosts"}, warnings);
  CHECK(lines.at(0).names == std::vector<std::string>{"me.mydomain.net"});
}

TEST_CASE("a line with a bad address is skipped, and a bad name, each with file and line") {
  std::vector<std::string> warnings;
  const std::string text =
      "10.0.0.255 me\n\n10.0.0.256 me\n010.0.0.1 me\n10.0.0.1 a..b " + std::string(64, 'x') + " good\n";
  const auto lines = read_hosts({.text = text, .file = "lab.yaml", .line = 40}, warnings);
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].names == std::vector<std::string>{"good"});
  CHECK(warnings ==
        std::vector<std::string>{
            "lab.yaml:42: bad address '10.0.0.256', line skipped, as dnsmasq does",
            "lab.yaml:43: bad address '010.0.0.1', line skipped, as dnsmasq does",
            "lab.yaml:44: bad name 'a..b', name skipped, as dnsmasq does",
            "lab.yaml:44: bad name '" + std::string(64, 'x') + "', name skipped, as dnsmasq does"});
}
