#include <catch2/catch.hpp>

#include "core/dns.hh"
#include "core/error.hh"
#include "tests/core/hex.hh"

using namespace hanglab;
using dns::Writer;

TEST_CASE("a stub's query for the A records of me.mydomain.net is these 33 bytes") {
  const auto query = dns::encode_query(0xd192, {.name = "me.mydomain.net"});
  CHECK(query == hex("d192 0100 0001 0000 0000 0000  02 6d65 08 6d79646f6d61696e 03 6e6574 00  0001 0001"));
  CHECK(query.size() == 33);
}

TEST_CASE("with EDNS the query says that 1232 bytes fit, in 11 bytes more") {
  const auto query = dns::encode_query(1, {.name = "a", .type = dns::type_aaaa}, 1232);
  CHECK(query == hex("0001 0100 0001 0000 0000 0001  01 61 00 001c 0001  00 0029 04d0 00000000 0000"));
}

TEST_CASE("names are written label by label, the root as one zero") {
  const auto written = [](std::string_view name) {
    Writer writer;
    writer.name(name);
    return writer.take();
  };
  CHECK(written("") == hex("00"));
  CHECK(written(".") == hex("00"));
  CHECK(written("a.bc") == hex("01 61 02 6263 00"));
  CHECK(written("a.bc.") == hex("01 61 02 6263 00"));
  CHECK(written("A") == hex("01 41 00"));

  SECTION("an escaped dot is no boundary, and \\DDD is one octet (RFC 1035 5.1)") {
    CHECK(written("a\\.b.c") == hex("03 612e62 01 63 00"));
    CHECK(written("\\007\\\\") == hex("02 075c 00"));
    CHECK(written("\\999") == hex("03 393939 00"));
  }
  SECTION("a label of 63 octets fits, one of 64 does not; a name of 255 fits, one of 256 does not") {
    CHECK(written(std::string(63, 'x')).size() == 65);
    CHECK_THROWS_AS(written(std::string(64, 'x')), Error);
    std::string three;
    for (int i = 0; i < 3; ++i) three.append(63, 'x').append(".");
    CHECK(written(three + std::string(61, 'x')).size() == 255);
    CHECK_THROWS_WITH(written(three + std::string(62, 'x')), Catch::Contains("255 octets"));
  }
  SECTION("an empty label is refused") {
    CHECK_THROWS_WITH(written("a..b"), "'a..b' is no domain name: a label is empty");
    CHECK_THROWS_AS(written(".a"), Error);
  }
}

TEST_CASE("an answer's name can be a pointer to its question, 14 bits far") {
  Writer writer;
  writer.pointer(12);
  writer.pointer(0x3fff);
  CHECK(writer.take() == hex("c00c ffff"));
  CHECK_THROWS_AS(Writer().pointer(0x4000), Error);
}

TEST_CASE("a record put together by hand has the bytes of the wire") {
  Writer writer;
  writer.header({.id = 2, .flags = 0x8780, .questions = 0, .answers = 1});
  writer.name("");
  writer.u16(dns::type_a);
  writer.u16(1);
  writer.u32(600);
  writer.u16(4);
  writer.raw(hex("0a000001"));
  CHECK(writer.size() == 27);
  CHECK(writer.take() == hex("0002 8780 0000 0001 0000 0000  00 0001 0001 00000258 0004 0a000001"));
}
