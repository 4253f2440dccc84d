#include "replay/read/frame_reader.hh"

#include <catch2/catch.hpp>

#include "core/error.hh"
#include "core/random.hh"
#include "replay/link_layer.hh"
#include "tests/replay/capture_file.hh"
#include "tests/replay/read/packed.hh"
#include "tests/replay/read/pcapng_file.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;
using Octets = std::vector<std::uint8_t>;

struct Contents {
  std::vector<CapturedFrame> frames{};
  std::string problem{};
};

Contents contents_of(const std::string& path) {
  Contents contents;
  try {
    FrameReader reader(path);
    CapturedFrame frame;
    while (reader.next(frame)) contents.frames.push_back(frame);
  } catch (const Error& error) {
    contents.problem = error.what();
  }
  return contents;
}

Contents contents_of(const ScratchDirectory& scratch, const Octets& bytes) {
  return contents_of(scratch.write("capture", bytes));
}

Octets two_packets() {
  return PcapFile(microseconds_magic, link_ethernet)
      .packet(7, 250'000, Octets(60, 1))
      .packet(8, 0, Octets(9, 2), 51)
      .take();
}

Octets joined(Octets first, const Octets& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

void swap_order(Octets& bytes, std::size_t at, std::size_t size) {
  std::reverse(bytes.begin() + static_cast<std::ptrdiff_t>(at),
               bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
}

}  // namespace

TEST_CASE("A pcap file gives its frames, with times to the microsecond or nanosecond") {
  const ScratchDirectory scratch;
  const auto micro = contents_of(scratch, two_packets());
  REQUIRE(micro.frames.size() == 2);
  CHECK(micro.problem.empty());
  CHECK(micro.frames[0].number == 1);
  CHECK(micro.frames[0].at == 7250ms);
  CHECK(micro.frames[0].link_type == link_ethernet);
  CHECK(micro.frames[0].bytes == Octets(60, 1));
  CHECK(micro.frames[0].size == 60);
  CHECK(micro.frames[1].number == 2);
  CHECK(micro.frames[1].size == 60);
  const auto nano = contents_of(
      scratch, PcapFile(nanoseconds_magic, link_linux_sll).packet(7, 250'000, Octets(60, 1)).take());
  REQUIRE(nano.frames.size() == 1);
  CHECK(nano.frames[0].at == 7s + 250us);
  CHECK(nano.frames[0].link_type == link_linux_sll);
}

TEST_CASE("The byte order is the writer's") {
  const ScratchDirectory scratch;
  Octets little = PcapFile(microseconds_magic, link_ethernet).packet(7, 1, Octets(3, 1)).take();
  for (const std::size_t word : {0, 8, 12, 16, 20, 24, 28, 32, 36}) swap_order(little, word, 4);
  swap_order(little, 4, 2);
  swap_order(little, 6, 2);
  const auto pcap = contents_of(scratch, little);
  REQUIRE(pcap.frames.size() == 1);
  CHECK(pcap.frames[0].at == 7s + 1us);
  for (const bool big_endian : {false, true}) {
    PcapngFile file(big_endian);
    file.interface(link_ethernet).enhanced(0, 7'000'001, Octets(3, 1));
    const auto pcapng = contents_of(scratch, file.bytes());
    REQUIRE(pcapng.frames.size() == 1);
    CHECK(pcapng.frames[0].at == 7s + 1us);
    CHECK(pcapng.frames[0].bytes == Octets(3, 1));
  }
}

TEST_CASE("Interfaces of a pcapng file have link types and clocks of their own") {
  const ScratchDirectory scratch;
  PcapngFile file;
  file.interface(link_ethernet).interface(link_linux_sll2, 9).interface(link_raw_in_file, 0x80 | 10, 100);
  file.block(5, Octets(16));      // statistics
  file.block(0xbad, Octets(30));  // a vendor's own
  file.enhanced(1, 7'000'000'001, Octets(21, 1)).enhanced(0, 7'000'001, Octets(14, 2), 46);
  file.enhanced(2, 1024 * 7 + 512, Octets(20, 3)).obsolete(0, 9'000'000, Octets(15, 4)).simple(Octets(5, 5));
  const auto contents = contents_of(scratch, file.bytes());
  CHECK(contents.problem.empty());
  REQUIRE(contents.frames.size() == 5);
  CHECK(contents.frames[0].link_type == link_linux_sll2);
  CHECK(contents.frames[0].at == 7s + 1ns);
  CHECK(contents.frames[1].at == 7s + 1us);
  CHECK(contents.frames[1].size == 60);
  CHECK(contents.frames[2].link_type == link_raw_in_file);
  CHECK(contents.frames[2].at == 107s + 500ms);
  CHECK(contents.frames[3].at == 9s);
  CHECK(contents.frames[3].bytes == Octets(15, 4));
  CHECK(contents.frames[4].at == 9s);  // it has no time of its own
  CHECK(contents.frames[4].number == 5);
}

TEST_CASE("A new section begins with interfaces, and a byte order, of its own") {
  const ScratchDirectory scratch;
  PcapngFile first;
  first.interface(link_ethernet).enhanced(0, 1'000'000, Octets(4, 1));
  PcapngFile second(true);
  second.interface(link_linux_sll).enhanced(0, 2'000'000, Octets(4, 2));
  const auto contents = contents_of(scratch, joined(first.bytes(), second.bytes()));
  REQUIRE(contents.frames.size() == 2);
  CHECK(contents.frames[1].link_type == link_linux_sll);
  CHECK(contents.frames[1].at == 2s);
  PcapngFile missing;
  missing.interface(link_ethernet).section().enhanced(0, 1, Octets(4));
  CHECK_THAT(contents_of(scratch, missing.bytes()).problem,
             Catch::Contains("a packet of interface 0, of which there are 0"));
}

TEST_CASE("A packed file is unpacked by what it is, not by its name") {
  const ScratchDirectory scratch;
  PcapFile file(microseconds_magic, link_ethernet);
  for (std::uint32_t i = 0; i < 20'000; ++i) file.packet(i, 0, Octets(100, static_cast<std::uint8_t>(i)));
  const Octets plain = file.take();  // over two megabytes: several pieces
  for (const Octets& packed : {gzipped(plain), zstd_packed(plain)}) {
    const auto contents = contents_of(scratch, packed);
    CHECK(contents.problem.empty());
    REQUIRE(contents.frames.size() == 20'000);
    CHECK(contents.frames.back().at == 19'999s);
    const Octets cut(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(packed.size() / 2));
    const auto front = contents_of(scratch, cut);
    CHECK(front.frames.size() > 5'000);
    CHECK_THAT(front.problem, Catch::Contains("capture: damaged at byte ") &&
                                  Catch::Contains("after packet ") &&
                                  Catch::Contains("data ends in the midst"));
    Octets broken = packed;
    for (std::size_t i = broken.size() / 2; i < broken.size() / 2 + 8; ++i) broken[i] ^= 0xff;
    CHECK_THAT(contents_of(scratch, broken).problem, Catch::Contains("damaged"));
  }
  const Octets small = two_packets();
  const Octets front(small.begin(), small.begin() + 30);
  const Octets back(small.begin() + 30, small.end());
  CHECK(contents_of(scratch, joined(gzipped(front), gzipped(back))).frames.size() == 2);
  CHECK(contents_of(scratch, joined(zstd_packed(front), zstd_packed(back))).frames.size() == 2);
}

TEST_CASE("Damage is told with its place, after all that stands before it") {
  const ScratchDirectory scratch;
  Octets bytes = two_packets();
  const auto cut = contents_of(scratch, Octets(bytes.begin(), bytes.end() - 1));
  CHECK(cut.frames.size() == 1);
  CHECK_THAT(cut.problem,
             Catch::EndsWith("capture: damaged at byte 100, after packet 1: it ends within a packet"));
  const auto in_header = contents_of(scratch, Octets(bytes.begin(), bytes.begin() + 105));
  CHECK_THAT(in_header.problem, Catch::EndsWith("it ends within a packet's header"));
  bytes[108] = 0xff;  // the second packet's length
  CHECK_THAT(contents_of(scratch, bytes).problem,
             Catch::EndsWith("damaged at byte 100, after packet 1: a packet of 4278190089 bytes"));
  PcapngFile file;
  file.interface(link_ethernet).enhanced(0, 1, Octets(4, 1)).enhanced(0, 2, Octets(4, 1));
  Octets lengths = file.bytes();
  lengths[lengths.size() - 4] = 44;
  const auto differing = contents_of(scratch, lengths);
  CHECK(differing.frames.size() == 1);
  CHECK_THAT(differing.problem, Catch::EndsWith("a block whose two lengths differ"));
}

TEST_CASE("What is no capture is refused with its name") {
  const ScratchDirectory scratch;
  CHECK_THAT(contents_of(scratch, {}).problem, Catch::EndsWith("capture: is empty"));
  CHECK_THAT(contents_of(scratch, Octets(100, 'x')).problem,
             Catch::EndsWith("is neither a pcap nor a pcapng file"));
  CHECK_THAT(contents_of(scratch, {0xa1, 0xb2, 0xcd, 0x34}).problem, Catch::Contains("of the modified kind"));
  CHECK_THAT(contents_of(scratch.file("none")).problem, Catch::EndsWith("none: No such file or directory"));
  CHECK_THAT(contents_of("/tmp").problem, Catch::EndsWith("is a directory"));
}

TEST_CASE(
    "Two hundred damaged captures end in frames or in a complaint, never in more memory than they have "
    "bytes") {
  const ScratchDirectory scratch;
  PcapngFile pcapng;
  pcapng.interface(link_ethernet).interface(link_linux_sll2, 9);
  PcapFile pcap(nanoseconds_magic, link_ethernet);
  for (std::uint32_t i = 0; i < 20; ++i) {
    const Octets frame(40 + i, static_cast<std::uint8_t>(i));
    pcapng.enhanced(i % 2, i, frame);
    pcap.packet(i, i, frame);
  }
  const std::array<Octets, 2> whole{pcapng.bytes(), pcap.take()};
  Random random(1, 0, "damage");
  std::size_t complaints = 0;
  for (int i = 0; i < 200; ++i) {
    Octets bytes = whole[static_cast<std::size_t>(i % 2)];
    if (i % 3 == 0) bytes.resize(random.below(bytes.size()));
    for (int flips = i % 7; flips > 0 && !bytes.empty(); --flips)
      bytes[random.below(bytes.size())] ^= static_cast<std::uint8_t>(1u << random.below(8));
    const auto contents = contents_of(scratch, bytes);
    CHECK(contents.frames.size() <= 20);
    for (const auto& frame : contents.frames) CHECK(frame.bytes.size() <= bytes.size());
    if (!contents.problem.empty()) ++complaints;
  }
  CHECK(complaints > 60);  // each cut one at least
}

}  // namespace hanglab::replay
