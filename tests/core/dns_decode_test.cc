#include <catch2/catch.hpp>

#include <utility>

#include "core/dns.hh"
#include "core/random.hh"
#include "tests/core/hex.hh"

using namespace hanglab;

namespace {

const std::string question = "026d65086d79646f6d61696e036e6574 00 0001 0001";

// What dnsmasq 2.90 sent for 256 addresses: 10.0.0.N for these N, cut after 29 of them.
std::vector<std::uint8_t> truncated_answer() {
  auto bytes = hex("d192 8780 0001 001d 0000 0000" + question);
  for (const auto last : hex("01 81 41 82 21 83 42 84 11 85 43 86 22 87 44 88 09 89 45 8a 23 8b 46 8c 12 8d "
                             "47 8e 24")) {
    const auto record = hex("c00c 0001 0001 00000000 0004 0a0000");
    bytes.insert(bytes.end(), record.begin(), record.end());
    bytes.push_back(last);
  }
  return bytes;
}

}  // namespace

TEST_CASE("the truncated answer of 497 bytes holds 29 addresses") {
  const auto bytes = truncated_answer();
  REQUIRE(bytes.size() == 497);
  const auto message = dns::decode(bytes);
  REQUIRE(message);
  CHECK(message->header == dns::Header{.id = 0xd192, .flags = 0x8780, .questions = 1, .answers = 29});
  CHECK(message->header.response());
  CHECK(message->header.truncated());
  CHECK(message->header.rcode() == dns::noerror);
  CHECK(message->questions == std::vector<dns::Question>{{.name = "me.mydomain.net"}});
  REQUIRE(message->answers.size() == 29);
  const auto rdata = hex("0a000024");
  CHECK(message->answers[28] ==
        dns::Record{.name = "me.mydomain.net", .type = dns::type_a, .klass = 1, .ttl = 0, .rdata = rdata});
  CHECK(message->opt() == nullptr);
  CHECK(dns::decode_header(bytes) == message->header);
  CHECK(dns::decode_question(bytes) == message->questions[0]);
  dns::Question former{.name = "another.and.longer.name.example", .type = dns::type_ptr};
  CHECK(dns::decode_question(bytes, former));
  CHECK(former == message->questions[0]);
}

TEST_CASE("cut anywhere, the answer does not decode, and nothing is read past its end") {
  const auto whole = truncated_answer();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    // A copy of its own, so that a sanitizer sees a read behind it.
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    INFO(size);
    CHECK_FALSE(dns::decode(cut));
    CHECK(dns::decode_header(cut).has_value() == (size >= 12));
    CHECK(dns::decode_question(cut).has_value() == (size >= 33));
  }
}

TEST_CASE("bytes behind the last record are nobody's") {
  auto bytes = truncated_answer();
  bytes.push_back(0xff);
  CHECK(dns::decode(bytes)->answers.size() == 29);
}

TEST_CASE("the EDNS record is found among the additional ones, with the size it offers") {
  const auto bytes = dns::encode_query(7, {.name = "example.org"}, 1232);
  const auto message = dns::decode(bytes);
  REQUIRE(message);
  REQUIRE(message->opt() != nullptr);
  CHECK(message->opt()->klass == 1232);
  CHECK(message->opt()->name.empty());
}

TEST_CASE("a message without a question has none") {
  CHECK_FALSE(dns::decode_question(hex("0001 8181 0000 0000 0000 0000")));
  CHECK(dns::decode(hex("0001 8181 0000 0000 0000 0000"))->questions.empty());
}

TEST_CASE("names follow pointers, but never in a circle") {
  const auto name = [](std::string_view digits) -> std::optional<std::string> {
    const auto bytes = hex("0001 0100 0001 0000 0000 0000" + std::string(digits));
    const auto read = dns::decode_question(bytes);
    if (!read) return {};
    return read->name;
  };
  CHECK(name("01 61 00 0001 0001") == "a");
  CHECK(name("01 61 c0 14 0001 0001 01 62 00") == "a.b");
  CHECK(name("c0 12 0001 0001 01 62 00") == "b");
  CHECK(name("c0 0c 0001 0001") == std::nullopt);        // at itself
  CHECK(name("01 61 c0 0c 0001 0001") == std::nullopt);  // grows for ever
  CHECK(name("c0 0e c0 0c 0001 0001") == std::nullopt);  // there and back
  CHECK(name("c0 ff 0001 0001") == std::nullopt);        // past the end
  CHECK(name("40 00 0001 0001") == std::nullopt);        // a label type never used
  CHECK(name("03 61 2e 07 00 0001 0001") == "a\\.\\007");
}

TEST_CASE("a name of 255 octets is read, one of 256 is not") {
  const auto with_last_label = [](std::uint8_t length) {
    auto bytes = hex("0001 0100 0001 0000 0000 0000");
    for (const std::uint8_t label : {std::uint8_t{63}, std::uint8_t{63}, std::uint8_t{63}, length}) {
      bytes.push_back(label);
      bytes.insert(bytes.end(), label, 'x');
    }
    const auto rest = hex("00 0001 0001");
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    return bytes;
  };
  CHECK(dns::decode_question(with_last_label(61))->name.size() == 253);
  CHECK_FALSE(dns::decode_question(with_last_label(62)));
}

TEST_CASE("a hundred thousand damaged answers are read to some end") {
  Random random(1, 0, "damage");
  std::size_t decoded = 0;
  for (int i = 0; i < 100'000; ++i) {
    auto bytes = truncated_answer();
    bytes.resize(random.below(120) + 1);
    for (int damage = 0; damage < 3; ++damage)
      bytes[random.below(bytes.size())] = static_cast<std::uint8_t>(random.next());
    if (bytes.size() > 7) bytes[7] = static_cast<std::uint8_t>(random.below(6));
    decoded += dns::decode(bytes).has_value() ? 1 : 0;
  }
  CHECK(decoded > 1'000);
  CHECK(decoded < 99'000);
}

TEST_CASE("what is encoded decodes to the same") {
  for (const std::string name : {"", "a", "me.mydomain.net", "a\\.b.c", "\\000\\255.x"}) {
    const auto bytes = dns::encode_query(9, {.name = name, .type = 65});
    CHECK(dns::decode_question(bytes) == dns::Question{.name = name, .type = 65});
  }
}

TEST_CASE("names compare without regard to ASCII case, types and codes have names") {
  CHECK(dns::same_name("Me.MyDomain.net", "me.mydomain.NET"));
  CHECK_FALSE(dns::same_name("me.mydomain.net", "me.mydomain.net."));
  CHECK_FALSE(dns::same_name("a[b", "a{b"));
  CHECK(dns::type_name(28) == "AAAA");
  CHECK(dns::type_name(65) == "TYPE65");
  CHECK(dns::rcode_name(dns::nxdomain) == "NXDOMAIN");
  CHECK(dns::rcode_name(static_cast<dns::Rcode>(11)) == "RCODE");
}
