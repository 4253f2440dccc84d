#include "models/linux/nsswitch.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::kernel;

namespace {

constexpr auto go_on = NssAction::go_on, stop = NssAction::stop, merge = NssAction::merge;

NssHosts parse(std::string_view line) { return parse_nss_hosts(line, {"lab.yaml", 4, 10}); }

std::string refusal(std::string_view line) {
  try {
    parse(line);
  } catch (const InputError& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a service stops at success and goes on at everything else") {
  const auto hosts = parse("hosts: files dns myhostname");
  REQUIRE(hosts.size() == 3);
  CHECK(hosts[0].name == "files");
  CHECK(hosts[1].name == "dns");
  CHECK(hosts[2].name == "myhostname");
  for (const auto& service : hosts) {
    CHECK((service.on(NssStatus::success) == stop));
    CHECK((service.on(NssStatus::notfound) == go_on));
    CHECK((service.on(NssStatus::unavail) == go_on));
    CHECK((service.on(NssStatus::tryagain) == go_on));
  }
}

TEST_CASE("the line reads with or without its name, and up to a comment") {
  CHECK((parse("\thosts:files   dns # as shipped") == parse("files dns")));
}

TEST_CASE("actions, listed by tryagain, unavail, notfound, success") {
  const auto actions = [](std::string_view line) { return parse(line).front().actions; };
  using Actions = std::array<NssAction, 4>;
  CHECK((actions("dns [UNAVAIL=return]") == Actions{go_on, stop, go_on, stop}));
  CHECK((actions("dns[!UNAVAIL=return] files") == Actions{stop, go_on, stop, stop}));
  CHECK((actions("dns [ notfound = Return SUCCESS=merge ]") == Actions{go_on, go_on, stop, merge}));
  CHECK((actions("dns [!SUCCESS=return TRYAGAIN=continue]") == Actions{go_on, stop, stop, stop}));
  CHECK((actions("dns [NOTFOUND=return !SUCCESS=continue]") == Actions{go_on, go_on, go_on, stop}));
}

TEST_CASE("a line that glibc would not read whole is refused where it stops") {
  CHECK(refusal("hosts: dns [UNAVAL=return]") ==
        "lab.yaml:4:22: unknown status 'UNAVAL'; there are SUCCESS, NOTFOUND, UNAVAIL, TRYAGAIN");
  CHECK(refusal("hosts: dns [UNAVAIL=stop]") ==
        "lab.yaml:4:30: unknown action 'stop'; there are return, continue, merge");
  CHECK(refusal("hosts: dns [UNAVAIL]") == "lab.yaml:4:29: expected '=' and an action");
  CHECK(refusal("hosts: dns [UNAVAIL=return") == "lab.yaml:4:21: no closing ]");
  CHECK(refusal("dns []").starts_with("lab.yaml:4:15: unknown status ''"));
  CHECK(refusal("[NOTFOUND=return] dns") ==
        "lab.yaml:4:10: an action list stands after the name of a service, one for each");
  CHECK(
      refusal("dns [NOTFOUND=return] [UNAVAIL=return]").starts_with("lab.yaml:4:32: an action list stands"));
  CHECK(refusal("hosts:") == "lab.yaml:4:16: no service: expected something like 'files dns'");
  CHECK(refusal("passwd: files") == "lab.yaml:4:10: expected the line of 'hosts', not of 'passwd'");
}
