// One conversation in every form in which a capture can hold it: 192.168.122.119 or 2001:db8::2 asks
// 192.168.122.1 or 2001:db8::1 for a.example, and is answered with three records 12 ms later.
#include <catch2/catch.hpp>

#include <functional>

#include "core/big_endian.hh"
#include "core/dns.hh"
#include "replay/capture_lookups.hh"
#include "tests/core/hex.hh"
#include "tests/replay/capture_file.hh"
#include "tests/replay/read/packed.hh"
#include "tests/replay/read/pcapng_file.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;
using Octets = std::vector<std::uint8_t>;

constexpr std::uint32_t vm = 0xc0a87a77;
constexpr std::uint32_t hypervisor = 0xc0a87a01;
constexpr std::uint8_t udp_protocol = 17;
constexpr std::uint8_t tcp_protocol = 6;

Octets message(std::uint16_t id, std::uint16_t flags, std::uint16_t answers, std::size_t padding = 0) {
  dns::Writer writer;
  writer.header({.id = id, .flags = flags, .questions = 1, .answers = answers});
  writer.question({.name = "a.example"});
  writer.raw(Octets(padding));
  return writer.take();
}

const Octets query = message(7, dns::flag_rd, 0);
const Octets answer = message(7, 0x8180, 3);

Octets packet(bool v6, bool to_server, std::uint8_t protocol, const Octets& datagram) {
  if (v6) return ipv6(protocol, to_server ? 2 : 1, to_server ? 1 : 2, datagram);
  return to_server ? ipv4(protocol, vm, hypervisor, datagram) : ipv4(protocol, hypervisor, vm, datagram);
}

Octets query_packet(bool v6) { return packet(v6, true, udp_protocol, udp(45000, 53, query)); }
Octets answer_packet(bool v6, const Octets& payload = answer) {
  return packet(v6, false, udp_protocol, udp(53, 45000, payload));
}

struct Link {
  const char* name;
  std::uint16_t type;
  std::function<Octets(bool v6)> front;
};

std::vector<Link> links() {
  const auto ethertype = [](bool v6) { return v6 ? hex("86dd") : hex("0800"); };
  const auto addresses = hex("020000000001 020000000002");
  return {{"Ethernet", 1, [=](bool v6) { return addresses + ethertype(v6); }},
          {"802.1Q", 1, [=](bool v6) { return addresses + hex("8100 0007") + ethertype(v6); }},
          {"QinQ", 1, [=](bool v6) { return addresses + hex("88a8 0064 8100 0007") + ethertype(v6); }},
          {"SLL", 113, [=](bool v6) { return hex("0000 0001 0006 020000000001 0000") + ethertype(v6); }},
          {"SLL2", 276,
           [=](bool v6) { return ethertype(v6) + hex("0000 00000002 0001 00 06 020000000001 0000"); }},
          {"raw", 101, [](bool) { return Octets(); }},
          {"BSD loopback", 0, [](bool v6) { return v6 ? hex("1e000000") : hex("02000000"); }},
          {"OpenBSD loopback", 108, [](bool v6) { return v6 ? hex("00000018") : hex("00000002"); }},
          {"PPP", 9, [](bool v6) { return v6 ? hex("ff03 0057") : hex("ff03 0021"); }},
          {"PPP in HDLC", 50, [](bool v6) { return v6 ? hex("ff03 0057") : hex("ff03 0021"); }},
          {"PPPoE", 51, [](bool v6) { return hex("1100 0001 0000") + (v6 ? hex("0057") : hex("0021")); }}};
}

Octets in_pcap(std::uint32_t magic, const Link& link, bool v6) {
  const std::uint32_t tick = magic == nanoseconds_magic ? 1'000'000 : 1000;  // of a millisecond
  return PcapFile(magic, link.type)
      .packet(1'700'000'000, 0, link.front(v6) + query_packet(v6))
      .packet(1'700'000'000, 12 * tick, link.front(v6) + answer_packet(v6))
      .take();
}

Octets in_pcapng(const Link& link, bool v6) {
  return PcapngFile()
      .interface(link.type)
      .enhanced(0, 1'700'000'000'000'000, link.front(v6) + query_packet(v6))
      .enhanced(0, 1'700'000'000'012'000, link.front(v6) + answer_packet(v6))
      .bytes();
}

CaptureContents contents_of(const Octets& file) {
  const ScratchDirectory scratch;
  return read_lookups(scratch.write("capture", file));
}

void check_lookup(const Octets& file, bool v6) {
  const auto contents = contents_of(file);
  CHECK_FALSE(contents.summary.damage);
  CHECK(contents.summary.counts.used == 2);
  REQUIRE(contents.lookups.size() == 1);
  const auto& lookup = contents.lookups[0];
  CHECK(lookup.client == *parse_ip(v6 ? "2001:db8::2" : "192.168.122.119"));
  CHECK(to_string(lookup.servers.at(0)) == (v6 ? "[2001:db8::1]:53" : "192.168.122.1:53"));
  CHECK(lookup.name == "a.example");
  CHECK(lookup.start == 1'700'000'000s);
  CHECK(lookup.duration == 12ms);
  CHECK(lookup.end == CapturedEnd::answered);
  CHECK(lookup.answers == 3);
}

// Packets of IPv4 without a link layer, a millisecond apart.
class Conversation {
 public:
  Conversation& add(const Octets& packet) {
    file_.packet(1'700'000'000, 1000 * milliseconds_++, packet);
    return *this;
  }
  Conversation& segment(bool to_server, std::uint32_t sequence, int flags, const Octets& payload = {},
                        std::uint32_t acknowledgment = 0) {
    Octets segment = to_server ? tcp(40000, 53, sequence, static_cast<std::uint8_t>(flags), payload)
                               : tcp(53, 40000, sequence, static_cast<std::uint8_t>(flags), payload);
    set_u16(segment, 8, acknowledgment >> 16);
    set_u16(segment, 10, acknowledgment & 0xffff);
    return add(packet(false, to_server, tcp_protocol, segment));
  }
  Conversation& open() {
    return segment(true, 999, tcp_syn).segment(false, 4999, tcp_syn | tcp_ack, {}, 1000);
  }
  CaptureContents read() { return contents_of(file_.take()); }

 private:
  PcapFile file_{microseconds_magic, 101};
  std::uint32_t milliseconds_ = 0;
};

Octets piece(const Octets& octets, std::size_t from, std::size_t to) {
  return {octets.begin() + static_cast<std::ptrdiff_t>(from),
          octets.begin() + static_cast<std::ptrdiff_t>(to)};
}

}  // namespace

TEST_CASE("every link type, with IPv4 and IPv6, in pcap of micro- and nanoseconds and in pcapng") {
  const bool v6 = GENERATE(false, true);
  for (const Link& link : links()) {
    CAPTURE(link.name, v6);
    check_lookup(in_pcap(microseconds_magic, link, v6), v6);
    check_lookup(in_pcap(nanoseconds_magic, link, v6), v6);
    check_lookup(in_pcapng(link, v6), v6);
  }
}

TEST_CASE("packed by gzip and zstd") {
  const Link link = links().front();
  for (const Octets& file : {in_pcap(microseconds_magic, link, false), in_pcapng(link, false)}) {
    check_lookup(gzipped(file), false);
    check_lookup(zstd_packed(file), false);
  }
}

TEST_CASE("an answer in fragments, the last first") {
  const bool v6 = GENERATE(false, true);
  const Octets datagram = udp(53, 45000, message(7, 0x8180, 90, 1440));
  const auto fragment = [&](std::size_t offset) {
    return v6 ? ipv6_fragment(udp_protocol, 1, 2, datagram, offset, 744)
              : ipv4_fragment(udp_protocol, hypervisor, vm, datagram, offset, 744);
  };
  Conversation talk;
  talk.add(query_packet(v6)).add(fragment(744));
  SECTION("and the first") {
    const auto contents = talk.add(fragment(0)).read();
    CHECK(
        contents.summary.counts ==
        CaptureCounts{.packets = 3, .used = 3, .reassembled = 2, .checksum_left_to_interface = v6 ? 2u : 1u});
    REQUIRE(contents.lookups.size() == 1);
    CHECK(contents.lookups[0].answers == 90);
    CHECK(contents.lookups[0].duration == 2ms);
  }
  SECTION("and the first never") {
    const auto contents = talk.read();
    CHECK(contents.summary.counts.fragments == 1);
    REQUIRE(contents.lookups.size() == 1);
    CHECK(contents.lookups[0].censored());
  }
}

TEST_CASE("a capture of several interfaces holds a packet for each that it crosses") {
  const auto front = links().front().front(false);
  PcapngFile file;
  file.interface(1).interface(1);
  file.enhanced(0, 1'700'000'000'000'000, front + query_packet(false))
      .enhanced(1, 1'700'000'000'000'010, front + query_packet(false))
      .enhanced(1, 1'700'000'000'012'000, front + answer_packet(false))
      .enhanced(0, 1'700'000'000'012'010, front + answer_packet(false));
  check_lookup(file.bytes(), false);
  CHECK(contents_of(file.bytes()).summary.counts.copies == 2);
}

TEST_CASE("DNS over TCP: several messages in a segment, one message over many") {
  const Octets queries = dns::framed(message(1, dns::flag_rd, 0)) + dns::framed(message(2, dns::flag_rd, 0));
  const Octets answers = dns::framed(message(1, 0x8180, 2)) + dns::framed(message(2, 0x8180, 3));
  Conversation talk;
  talk.open();
  SECTION("in a segment") {
    talk.segment(true, 1000, tcp_ack, queries).segment(false, 5000, tcp_ack, answers);
  }
  SECTION("in segments of an octet each") {
    for (std::size_t i = 0; i < queries.size(); ++i)
      talk.segment(true, static_cast<std::uint32_t>(1000 + i), tcp_ack, piece(queries, i, i + 1));
    for (std::size_t i = 0; i < answers.size(); ++i)
      talk.segment(false, static_cast<std::uint32_t>(5000 + i), tcp_ack, piece(answers, i, i + 1));
  }
  const auto contents = talk.read();
  CHECK(contents.summary.unplaced == UnplacedTraffic{});
  REQUIRE(contents.lookups.size() == 1);
  CHECK(contents.lookups[0].tcp == TcpEnd::answered);
  CHECK(contents.lookups[0].end == CapturedEnd::answered);
  CHECK(contents.lookups[0].udp_queries == 0);
}

TEST_CASE("a capture that begins inside a connection takes up the next message") {
  const Octets framed_query = dns::framed(query);
  const Octets old = dns::framed(message(3, 0x8180, 2, 40));
  const auto contents =
      Conversation()
          .segment(false, 4000, tcp_ack, piece(old, 20, old.size()))  // the end of an answer
          .segment(true, 1000, tcp_ack, framed_query)
          .segment(false, 5000, tcp_ack, dns::framed(answer))
          .read();
  REQUIRE(contents.lookups.size() == 1);
  CHECK(contents.lookups[0].name == "a.example");
  CHECK(contents.lookups[0].connections == 1);
  CHECK(contents.lookups[0].syns == 0);
  // The answer at 5000 follows a hole of which nobody acknowledged anything.
  CHECK(contents.lookups[0].end == CapturedEnd::no_end_seen);
  CHECK(contents.summary.unplaced.streams.unfinished == 1);
  CHECK(contents.summary.unplaced.streams.skipped == old.size() - 20);
}

TEST_CASE("a segment that the capture lacks, but the receiver had, is read over") {
  const Octets framed_answer = dns::framed(message(7, 0x8180, 90, 1440));
  Conversation talk;
  talk.open().segment(true, 1000, tcp_ack, dns::framed(query));
  talk.segment(false, 5000, tcp_ack, piece(framed_answer, 0, 500))
      .segment(false, 6000, tcp_ack, piece(framed_answer, 1000, framed_answer.size()));
  SECTION("acknowledged") {
    const auto end = static_cast<std::uint32_t>(5000 + framed_answer.size());
    const auto contents = talk.segment(true, 1029, tcp_ack, {}, end).read();
    CHECK(contents.summary.unplaced == UnplacedTraffic{.streams = {.holes = 1}});
    REQUIRE(contents.lookups.size() == 1);
    CHECK(contents.lookups[0].end == CapturedEnd::answered);
    CHECK(contents.lookups[0].answers == 90);
  }
  SECTION("not acknowledged: it may still come") {
    auto contents = talk.read();
    CHECK(contents.lookups.at(0).tcp == TcpEnd::silent);
    CHECK(contents.summary.unplaced.streams == StreamCounts{.unfinished = 1});
  }
}

TEST_CASE("of the packets that are selected, those lookups are told") {
  const ScratchDirectory scratch;
  const auto file = scratch.write("capture", in_pcap(microseconds_magic, links().front(), false));
  const auto limited = read_lookups(file, {.limit = 1});
  REQUIRE(limited.lookups.size() == 1);
  CHECK(limited.lookups[0].censored());
  CHECK(limited.summary.counts.packets == 1);
  const auto filtered = read_lookups(file, {.filter = "dst port 53"});
  CHECK(filtered.summary.selection == FrameSelectionCounts{.selected = 1, .filtered = 1});
  CHECK(filtered.lookups.size() == 1);
  const auto later = read_lookups(file, {.from = TimeBound{.after_first_packet = true, .at = 1ms}});
  CHECK(later.lookups.empty());
  CHECK(later.summary.unplaced.unmatched_answers == 1);
}

}  // namespace hanglab::replay
