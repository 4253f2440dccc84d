#include <catch2/catch.hpp>

#include "scenario/value.hh"
#include "tests/scenario/small_scenario.hh"

using namespace hanglab;
using namespace hanglab::scenario;

namespace {

bool same(const Value& a, const Value& b) {
  const auto same_entry = [](const Entry& x, const Entry& y) {
    return x.key == y.key && same(x.value, y.value);
  };
  return a.kind == b.kind && a.text == b.text &&
         std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same) &&
         std::equal(a.entries.begin(), a.entries.end(), b.entries.begin(), b.entries.end(), same_entry);
}

std::string place_of_text(const std::string& yaml) {
  return parse_yaml(yaml, "x").find("a")->text_where.to_string();
}

}  // namespace

TEST_CASE("a text knows where its first character stands") {
  CHECK(place_of_text("a: plain\n") == "x:1:4");
  CHECK(place_of_text("a: \"quoted\"\n") == "x:1:5");
  CHECK(place_of_text("a: |\n  block\n") == "x:2:3");
  CHECK(place_of_text("a: |\n\n    after an empty line\n") == "x:2:5");
  CHECK(place_of_text("a: &rules |\n  block\n") == "x:2:3");
  CHECK(place_of_text("{\"é\": 1, a: 'quoted'}\n") == "x:1:15");
}

TEST_CASE("numbers stay the text they are") {
  CHECK(parse_yaml("a: 4.10", "x").find("a")->text == "4.10");
  CHECK(parse_yaml("a: 010", "x").find("a")->text == "010");
}

TEST_CASE("an alias stands for its anchor's value, but not inside it") {
  const auto root = parse_yaml("a: &k {hz: 250}\nb: *k\n", "x");
  CHECK(*root.find("b")->text_of("hz") == "250");
  CHECK(complaint_of([] { parse_yaml("a: &k [*k]\n", "x"); }) ==
        "x:1:8: this alias stands inside its own anchor");
}

TEST_CASE("aliases of aliases cannot eat the memory") {
  std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const auto last = std::to_string(i - 1);
    yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int j = 0; j < 10; ++j) yaml += "*a" + last + (j < 9 ? ", " : "]\n");
  }
  CHECK(complaint_of([&] { parse_yaml(yaml, "x"); }).find("more than 1000000 values, aliases unfolded") !=
        std::string::npos);
}

TEST_CASE("what is written is read as the same tree") {
  const std::string hard = R"(
rules: |
  first
    indented

  last
folded: >
  one
  line
keeps: |+
  two newlines

strips: |-
  one
  two
blank: "  leading\nblank\n"
tab: "a\tb\n"
empty: ""
colon: "hosts: files"
nothing:
null-like: "null"
comment: "a # b"
number: 4.10
list: [a, "b: c", [d, {e: f}], []]
map: {net.ipv4.tcp_syn_retries: 6, "quoted key": "é"}
none: {}
long: [aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, ccccccccccccccccccc]
)";
  for (const auto& yaml : {hard, small_scenario}) {
    const auto root = parse_yaml(yaml, "x");
    const auto again = write_yaml(root);
    INFO(again);
    CHECK(same(parse_yaml(again, "y"), root));
  }
}

TEST_CASE("a document nested without end is refused") {
  CHECK(complaint_of([] { parse_yaml(std::string(20'000, '['), "x"); }) == "x:1:1: nested too deep");
}
