#include "core/words.hh"

#include <catch2/catch.hpp>

namespace hanglab {

TEST_CASE("Words stand between runs of blanks, and none of them is empty") {
  using Words = std::vector<std::string_view>;
  CHECK(words_of("nameserver  192.0.2.1\t", " \t") == Words{"nameserver", "192.0.2.1"});
  CHECK(words_of(" a,b ,c", " ,") == Words{"a", "b", "c"});
  CHECK(words_of("a b", "\n") == Words{"a b"});
  CHECK(words_of(" \t ", " \t").empty());
  CHECK(words_of("", " ").empty());
}

}  // namespace hanglab
