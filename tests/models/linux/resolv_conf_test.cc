#include "models/linux/resolv_conf.hh"

#include <catch2/catch.hpp>

using namespace hanglab;
using namespace hanglab::kernel;

namespace {

using Names = std::vector<std::string>;

std::vector<std::string> nameservers(std::string_view text) {
  Names names;
  for (const auto& address : parse_resolv_conf(text).nameservers) names.push_back(to_string(address));
  return names;
}

Names search(std::string_view text) { return parse_resolv_conf(text).search; }
ResolvConf options(const std::string& text) { return parse_resolv_conf("options " + text + '\n'); }

}  // namespace

TEST_CASE("an empty resolv.conf means 127.0.0.1, one dot, 5 s and 2 attempts") {
  const auto conf = parse_resolv_conf("");
  CHECK((conf.nameservers == std::vector<IpAddress>{Ipv4Address{0x7f000001}}));
  CHECK(conf.search.empty());
  CHECK(conf.ndots == 1);
  CHECK(conf.timeout_s == 5);
  CHECK(conf.attempts == 2);
}

TEST_CASE("the first three name servers count") {
  CHECK(nameservers("nameserver 192.168.122.1\n") == Names{"192.168.122.1"});
  CHECK(nameservers("nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4") ==
        Names{"10.0.0.1", "10.0.0.2", "10.0.0.3"});
}

TEST_CASE("name server lines are read as inet_aton reads them") {
  CHECK(nameservers("nameserver\t10.0.0.1   # the router") == Names{"10.0.0.1"});
  CHECK(nameservers("nameserver 10.0.0.1\r\nnameserver 10.0.0.2\n") == Names{"10.0.0.2"});
  CHECK(nameservers("nameserver 10.1") == Names{"10.0.0.1"});
  CHECK(nameservers("nameserver 10.0.0.1#53\nnameserver 10.0.0.2") == Names{"10.0.0.2"});
  CHECK(nameservers("nameserver 10.0.0.256\nnameserver ns.example.com\n") == Names{"127.0.0.1"});
  CHECK(nameservers(" nameserver 10.0.0.1\nNameserver 10.0.0.2\nnameserver10.0.0.3") == Names{"127.0.0.1"});
  CHECK(nameservers("#nameserver 10.0.0.1\n;nameserver 10.0.0.2\nnameserver 10.0.0.3") == Names{"10.0.0.3"});
}

TEST_CASE("IPv6 name servers take their place among the three, in the order of the lines") {
  CHECK(nameservers("nameserver ::1") == Names{"::1"});
  CHECK(nameservers("nameserver fe80::1%eth0\nnameserver 10.0.0.1\nnameserver 2001:db8::53 # second\n"
                    "nameserver 10.0.0.2\n") == Names{"fe80::1", "10.0.0.1", "2001:db8::53"});
  CHECK(nameservers("nameserver 2001:db8::1::53") == Names{"127.0.0.1"});
}

TEST_CASE("the last of domain and search counts") {
  CHECK(search("domain a.example\nsearch b.example c.example\n") == Names{"b.example", "c.example"});
  CHECK(search("search b.example\ndomain a.example  ignored\n") == Names{"a.example"});
  CHECK(search("search a.example\nsearch  \ndomain\t\n") == Names{"a.example"});
  CHECK(search("search \t one\ttwo  three \n") == Names{"one", "two", "three"});
}

TEST_CASE("the search list has no limit, and no comments at the end") {
  CHECK(search("search a b c d e f g h") == Names{"a", "b", "c", "d", "e", "f", "g", "h"});
  CHECK(search("search a # ours") == Names{"a", "#", "ours"});
}

TEST_CASE("options are capped and later ones win") {
  CHECK(options("ndots:5 timeout:3 attempts:4").ndots == 5);
  CHECK(options("ndots:16").ndots == 15);
  CHECK(options("ndots:-1").ndots == 15);
  CHECK(options("ndots:x").ndots == 0);
  CHECK(options("timeout:31").timeout_s == 31);
  CHECK(options("timeout:0").timeout_s == 0);
  CHECK(options("timeout: 3").timeout_s == 3);
  CHECK(options("attempts:6").attempts == 6);
  CHECK(options("attempts:0").attempts == 0);
  CHECK(parse_resolv_conf("options timeout:1\noptions timeout:2 rotate").timeout_s == 2);
}

TEST_CASE("flags hold for words that begin with their name, others are ignored") {
  CHECK(options("rotate use-vc edns0 trust-ad no-aaaa") ==
        ResolvConf{.nameservers = {Ipv4Address{0x7f000001}},
                   .rotate = true,
                   .use_vc = true,
                   .edns0 = true,
                   .no_aaaa = true,
                   .trust_ad = true});
  CHECK(options("single-request").single_request);
  CHECK_FALSE(options("single-request-reopen").single_request);
  CHECK(options("single-request-reopen").single_request_reopen);
  CHECK(options("rotated").rotate);
  CHECK_FALSE(options("Rotate").rotate);
  CHECK(options("debug inet6 no-reload unheard-of") == options(""));
}
