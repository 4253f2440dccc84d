#include <catch2/catch.hpp>

#include "models/linux/reassembly.hh"

using namespace hanglab;
using namespace hanglab::kernel;
using namespace std::chrono_literals;

namespace {

using Bytes = std::vector<std::uint8_t>;

Ipv4Header piece(std::uint16_t offset, bool more, std::uint16_t id = 7) {
  return {.source = {1},
          .destination = {2},
          .protocol = 17,
          .identification = id,
          .more_fragments = more,
          .fragment_offset = offset};
}

const Bytes first{0, 1, 2, 3, 4, 5, 6, 7};
const Bytes second{8, 9, 10, 11, 12, 13, 14, 15};
const Bytes last{16};
const Bytes all{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

TimePoint at(Duration time) { return TimePoint{} + time; }

}  // namespace

TEST_CASE("a datagram is whole when its last missing fragment came, in whatever order") {
  Reassembly fragments;
  CHECK_FALSE(fragments.add(piece(16, false), last, at(0s)));
  CHECK_FALSE(fragments.add(piece(0, true), first, at(1s)));
  CHECK_FALSE(fragments.add(piece(0, true), first, at(2s)));  // once more
  const auto whole = fragments.add(piece(8, true), second, at(3s));
  REQUIRE(whole);
  CHECK(whole->payload == all);
  CHECK(whole->largest == 28);
  CHECK_FALSE(whole->header.more_fragments);
  CHECK(whole->header.fragment_offset == 0);
  CHECK_FALSE(fragments.deadline());
}

TEST_CASE("fragments of different datagrams do not mix") {
  Reassembly fragments;
  CHECK_FALSE(fragments.add(piece(0, true, 7), first, at(0s)));
  CHECK_FALSE(fragments.add(piece(8, false, 8), second, at(0s)));
  CHECK(fragments.add(piece(8, false, 7), second, at(0s)));
}

TEST_CASE("fragments that overlap are discarded") {
  Reassembly fragments;
  CHECK_FALSE(fragments.add(piece(0, true), all, at(0s)));
  CHECK_FALSE(fragments.add(piece(8, false), second, at(0s)));
  CHECK_FALSE(fragments.deadline());
}

TEST_CASE("30 s after the first to come a datagram is given up, and its first fragment quoted") {
  Reassembly fragments;
  fragments.add(piece(0, true, 7), first, at(5s));
  fragments.add(piece(8, true, 7), second, at(20s));
  fragments.add(piece(8, false, 8), second, at(6s));
  CHECK(fragments.deadline() == at(35s));
  CHECK(fragments.expire(at(35s) - 1ns).empty());
  CHECK(fragments.expire(at(36s)) == std::vector<Bytes>{encode(piece(0, true), first)});
  CHECK_FALSE(fragments.deadline());
}
