#include "replay/read_ahead.hh"

#include <catch2/catch.hpp>

#include "core/error.hh"
#include "replay/send/frame_block.hh"

namespace hanglab::replay {

namespace {

void put(FrameBlock& block, std::size_t number) {
  block.frames.push_back({.at = block.bytes.size(), .size = 1, .due = Duration(number)});
  block.bytes.push_back(static_cast<std::uint8_t>(number));
}

}  // namespace

TEST_CASE("Blocks come in order and none is lost, however small the ring") {
  for (const std::size_t blocks : {2, 3, 64}) {
    std::size_t made = 0;
    ReadAhead<FrameBlock> ahead(
        [&](FrameBlock& block) {
          put(block, made);
          return ++made < 1000;
        },
        blocks);
    std::size_t seen = 0;
    while (const FrameBlock* block = ahead.next()) {
      REQUIRE(block->frames.size() == 1);
      REQUIRE(block->frames[0].due == Duration(seen));
      REQUIRE(block->octets(block->frames[0])[0] == static_cast<std::uint8_t>(seen));
      ++seen;
    }
    CHECK(seen == 1000);
    CHECK(ahead.next() == nullptr);
  }
}

TEST_CASE("What goes wrong comes after what was read before it") {
  int made = 0;
  ReadAhead<FrameBlock> ahead([&](FrameBlock& block) -> bool {
    put(block, 7);
    if (++made == 3) throw Error("damaged");
    return true;
  });
  CHECK(ahead.next() != nullptr);
  CHECK(ahead.next() != nullptr);
  CHECK(ahead.next()->frames.size() == 1);  // what was read before the damage in its own block
  CHECK_THROWS_WITH(ahead.next(), "damaged");
}

TEST_CASE("It ends while there is more to read") {
  ReadAhead<FrameBlock> ahead([](FrameBlock& block) {
    put(block, 1);
    return true;
  });
  CHECK(ahead.next() != nullptr);
}

}  // namespace hanglab::replay
