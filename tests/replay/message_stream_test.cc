#include "replay/message_stream.hh"

#include <catch2/catch.hpp>

#include "tests/core/hex.hh"

using namespace hanglab;
using replay::MessageStream;

namespace {

void add(MessageStream& stream, std::uint32_t sequence, std::string_view digits) {
  const auto octets = hex(digits);
  stream.add(sequence, octets, octets.size());
}

using Message = std::optional<std::vector<std::uint8_t>>;

}  // namespace

TEST_CASE("two messages in one segment are two, one in three segments is one") {
  MessageStream stream;
  stream.start_at(1);
  add(stream, 1, "0002 aabb 0001 cc");
  CHECK(stream.next_message() == Message(hex("aabb")));
  CHECK(stream.next_message() == Message(hex("cc")));
  CHECK_FALSE(stream.next_message());
  CHECK_FALSE(stream.unfinished());
  add(stream, 8, "00");
  add(stream, 9, "02 aa");
  CHECK_FALSE(stream.next_message());
  CHECK(stream.unfinished());
  add(stream, 11, "bb");
  CHECK(stream.next_message() == Message(hex("aabb")));
  CHECK_FALSE(stream.unfinished());
}

TEST_CASE("segments come in any order, twice and overlapping, and across the wrap of sequence numbers") {
  MessageStream stream;
  stream.start_at(0xfffffffe);
  add(stream, 1, "ddee");
  add(stream, 0, "ccdd");
  CHECK_FALSE(stream.next_message());
  add(stream, 0xfffffffe, "0005");
  CHECK_FALSE(stream.next_message());
  add(stream, 0xfffffffe, "0005 cc");
  add(stream, 3, "ff01");
  CHECK(stream.next_message() == Message(hex("ccddeeff01")));
  CHECK_FALSE(stream.unfinished());
}

TEST_CASE("a keepalive probe repeats one old octet and changes nothing") {
  MessageStream stream;
  stream.start_at(100);
  add(stream, 100, "0001 aa");
  add(stream, 102, "00");
  CHECK(stream.next_message() == Message(hex("aa")));
  CHECK_FALSE(stream.next_message());
  CHECK_FALSE(stream.unfinished());
}

TEST_CASE("what the capture lacks of a segment reads as zeros, and the next message stays readable") {
  MessageStream stream;
  stream.start_at(1);
  stream.add(1, hex("0003 aa"), 5);
  add(stream, 6, "0001 bb");
  CHECK(stream.next_message() == Message(hex("aa0000")));
  CHECK(stream.next_message() == Message(hex("bb")));
}

TEST_CASE("behind a missing segment nothing is delivered") {
  MessageStream stream;
  stream.start_at(1);
  add(stream, 4, "0001 aa");
  CHECK_FALSE(stream.next_message());
  CHECK(stream.unfinished());
}

TEST_CASE("a hole that the receiver acknowledged reads as zeros, if there is something behind it") {
  MessageStream stream;
  stream.start_at(1);
  add(stream, 1, "0006 aa");
  stream.acknowledged(9);  // ahead of its data, as captures of several queues have it
  CHECK_FALSE(stream.next_message());
  add(stream, 6, "dd eeff 0001 11");
  CHECK_FALSE(stream.next_message());
  stream.acknowledged(6);
  CHECK(stream.next_message() == Message(hex("aa0000ddeeff")));
  CHECK(stream.next_message() == Message(hex("11")));
  CHECK(stream.holes() == 1);
  CHECK(stream.octets_skipped() == 0);
}

TEST_CASE("a hole over a length: on with what looks like a message behind it") {
  const auto message = hex("0000 8180 0000 0000 0000 0000");
  MessageStream stream;
  stream.start_at(1);
  add(stream, 1, "0001 aa");
  add(stream, 10, "77777777");  // the end of the message whose length is lost
  stream.acknowledged(14);
  CHECK(stream.next_message() == Message(hex("aa")));
  CHECK_FALSE(stream.next_message());
  add(stream, 14, "000c 0000 8180 0000 0000 0000 0000");
  CHECK(stream.next_message() == Message(message));
  CHECK(stream.holes() == 1);
  CHECK(stream.octets_skipped() == 6 + 4);
}

TEST_CASE("behind a hole no more is held than 128 KiB") {
  MessageStream stream;
  stream.start_at(1);
  const std::vector<std::uint8_t> segment(1000, 0x77);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    stream.add(1000 + 2000 * i, segment, segment.size());
    REQUIRE(stream.octets_held() <= 128 * 1024);
  }
  CHECK(stream.holes() > 800);
  CHECK_FALSE(stream.next_message());
}

TEST_CASE("without a beginning, what looks like a message is one") {
  MessageStream stream;
  add(stream, 500, "77777777 77777777");
  CHECK_FALSE(stream.next_message());
  add(stream, 508, "000c 0000 8180 0000 0000 0000 0000");
  CHECK(stream.next_message());
  CHECK(stream.octets_skipped() == 8);
}
