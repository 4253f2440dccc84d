#include "models/resolvers/cares_config.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::resolvers::cares;
using namespace std::chrono_literals;

namespace {

const kernel::NssHosts files_then_dns{{.name = "files"}, {.name = "dns"}};

Config read_1_18(std::string_view text, const kernel::NssHosts& nss = files_then_dns) {
  return read_config_1_18(text, nss, "vm");
}

std::vector<std::string> addresses(const Config& config) {
  std::vector<std::string> texts;
  for (const Endpoint server : config.servers) texts.push_back(to_string(server));
  return texts;
}

}  // namespace

TEST_CASE("An empty resolv.conf means 127.0.0.1 and each version's own timeout and tries", "[cares]") {
  for (const Config& config : {read_1_18(""), read_config_1_34("")})
    CHECK(addresses(config) == std::vector<std::string>{"127.0.0.1:53"});
  CHECK(read_1_18("").timeout == 5s);
  CHECK(read_1_18("").tries == 4);
  CHECK(read_config_1_34("").timeout == 2s);
  CHECK(read_config_1_34("").tries == 3);
}

TEST_CASE("c-ares 1.18 hears retrans in milliseconds and retry, and 1.34 timeout in seconds and attempts",
          "[cares]") {
  const auto* const text =
      "options timeout:1 attempts:2 rotate use-vc\noptions retrans:700 retry:5 retry:6\n";
  const Config older = read_1_18(text);
  CHECK(older.timeout == 700ms);
  CHECK(older.tries == 5);  // the first of a kind holds
  CHECK(older.rotate);
  CHECK(!older.use_tcp);
  const Config newer = read_config_1_34("options timeout:1 attempts:2 rotate use-vc");
  CHECK(newer.timeout == 1s);
  CHECK(newer.tries == 2);
  CHECK(newer.rotate);
  CHECK(newer.use_tcp);
}

TEST_CASE("A timeout of zero is none", "[cares]") {
  CHECK(read_config_1_34("options timeout:0 attempts:0").timeout == 2s);
  CHECK(read_config_1_34("options timeout:0 attempts:0").tries == 3);
}

TEST_CASE("A line may name several servers, with any number of them in all", "[cares]") {
  const auto* const text =
      "nameserver 10.0.0.1,10.0.0.2 10.0.0.3\n nameserver 10.0.0.4\nnameserver nonsense\n";
  const std::vector<std::string> four{"10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53", "10.0.0.4:53"};
  CHECK(addresses(read_1_18(text)) == four);
  CHECK(addresses(read_config_1_34(text)) == four);
}

TEST_CASE("c-ares 1.34 takes a port with the address and each server once", "[cares]") {
  const Config config =
      read_config_1_34("nameserver 10.0.0.1:5353\nnameserver 10.0.0.1\nnameserver 10.0.0.1");
  CHECK(addresses(config) == std::vector<std::string>{"10.0.0.1:5353", "10.0.0.1:53"});
}

TEST_CASE("What follows # is a comment for c-ares 1.18, and a word like any other for 1.34", "[cares]") {
  const auto* const text = "nameserver 10.0.0.1 # 10.0.0.2\n#nameserver 10.0.0.3\n;nameserver 10.0.0.4\n";
  CHECK(addresses(read_1_18(text)) == std::vector<std::string>{"10.0.0.1:53"});
  CHECK(addresses(read_config_1_34(text)) == std::vector<std::string>{"10.0.0.1:53", "10.0.0.2:53"});
}

TEST_CASE("The last search or domain line holds, and without one the host's own domain", "[cares]") {
  CHECK(read_1_18("domain one.example\nsearch two.example,three.example Two.example\n").search ==
        std::vector<std::string>{"two.example", "three.example"});
  CHECK(read_1_18("search two.example\ndomain one.example more\n").search ==
        std::vector<std::string>{"one.example"});
  CHECK(read_config_1_18("", files_then_dns, "vm.lab.example").search ==
        std::vector<std::string>{"lab.example"});
  CHECK(read_1_18("").search.empty());
}

TEST_CASE("The order of lookups is resolv.conf's lookup, else nsswitch's by first letters, else files first",
          "[cares]") {
  CHECK(read_1_18("lookup bind file\n").lookups == "bf");
  CHECK(read_1_18("", {{.name = "myhostname"}, {.name = "resolve"}, {.name = "files"}}).lookups == "bf");
  CHECK(read_1_18("", {{.name = "files"}}).lookups == "f");
  CHECK(read_1_18("", {{.name = "myhostname"}}).lookups == "fb");
}
