// Made-up conversations between 192.168.122.119 and its server; times in milliseconds.
#include "replay/lookup_finder.hh"

#include <catch2/catch.hpp>

#include "tests/replay/packets.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

constexpr Duration capture_end = epoch + 200s;

FoundLookups find(const Talk& talk) {
  LookupFinder finder;
  for (const auto& packet : talk.packets) finder.add(packet);
  return finder.finish(capture_end);
}

CapturedLookup only(const FoundLookups& found) {
  REQUIRE(found.lookups.size() == 1);
  return found.lookups[0];
}

}  // namespace

TEST_CASE("A and AAAA sent together are one lookup, answered with the last of both answers") {
  const auto found = find(Talk{}
                              .query(0, 45000, 1)
                              .query(1, 45000, 2, dns::type_aaaa)
                              .answer(10, 45000, 1, 3)
                              .answer(12, 45000, 2, 0, dns::type_aaaa));
  CHECK(only(found) == CapturedLookup{.client = client_address,
                                      .servers = {server},
                                      .name = "a.example",
                                      .types = {dns::type_a, dns::type_aaaa},
                                      .start = epoch,
                                      .duration = 12ms,
                                      .end = CapturedEnd::answered,
                                      .answers = 3,
                                      .packets = 4});
  CHECK(found.unplaced == UnplacedTraffic{});
}

TEST_CASE("AAAA may follow the answer to A, in milliseconds; seconds later it is a lookup of its own") {
  Talk talk;
  talk.query(0, 45000, 1).answer(10, 45000, 1, 3);
  SECTION("5 ms later") { CHECK(only(find(talk.query(15, 45001, 2, dns::type_aaaa))).types.size() == 2); }
  SECTION("5 s later") { CHECK(find(talk.query(5'000, 45001, 2, dns::type_aaaa)).lookups.size() == 2); }
}

TEST_CASE("retries belong to the lookup, from the same socket or a new one, up to 45 s apart") {
  const auto lookup = only(
      find(Talk{}.query(0, 45000, 1).query(5'000, 45000, 1).query(10'000, 45001, 2).query(50'000, 45002, 3)));
  CHECK(lookup.retries == 3);
  CHECK(lookup.end == CapturedEnd::no_end_seen);
  CHECK(lookup.censored());
  CHECK(lookup.duration == 200s);
  CHECK(find(Talk{}.query(0, 45000, 1).query(46'000, 45000, 1)).lookups.size() == 2);
}

TEST_CASE("names compare without case, and each name and each client has lookups of its own") {
  Talk talk;
  talk.query(0, 45000, 1, dns::type_a, "a.example")
      .query(1, 45000, 2, dns::type_aaaa, "A.Example")
      .query(2, 45000, 3, dns::type_a, "b.example");
  talk.client = {0xc0a87a78};
  talk.query(3, 45000, 1, dns::type_a, "a.example");
  const auto found = find(talk);
  REQUIRE(found.lookups.size() == 3);
  CHECK(found.lookups[0].types.size() == 2);
  CHECK(found.lookups[1].name == "b.example");
  CHECK(found.lookups[2].client == IpAddress{Ipv4Address{0xc0a87a78}});
}

TEST_CASE("two programs that ask for one name are two lookups") {
  SECTION("a millisecond apart: no stub retries so soon") {
    CHECK(find(Talk{}.query(0, 45000, 1).query(1, 45001, 2)).lookups.size() == 2);
  }
  SECTION("the first goes on sending SYNs after the second has asked") {
    const auto found = find(Talk{}
                                .query(0, 45000, 1)
                                .truncated(1, 45000, 1)
                                .syn(2, 40000)
                                .syn(1'002, 40000)
                                .syn(3'002, 40000)
                                .query(4'000, 45001, 2)
                                .truncated(4'001, 45001, 2)
                                .syn(4'002, 40001, 2000)
                                .syn(7'002, 40000));
    REQUIRE(found.lookups.size() == 2);
    CHECK(found.lookups[0].syns == 4);
    CHECK(found.lookups[1].syns == 1);
    CHECK(found.lookups[1].start == epoch + 4s);
  }
  SECTION("but a program that gave up on TCP and asks anew by UDP is the same one") {
    CHECK(only(find(Talk{}
                        .query(0, 45000, 1)
                        .truncated(1, 45000, 1)
                        .syn(2, 40000)
                        .syn(1'002, 40000)
                        .query(5'002, 45001, 2)))
              .retries == 1);
  }
}

TEST_CASE("truncated, then TCP: what becomes of the connection") {
  Talk talk;
  talk.query(0, 45000, 1).truncated(1, 45000, 1);
  const TruncatedAnswer cut{.bytes = 27, .answers = 29};

  SECTION("nothing to be seen of it") {
    const auto lookup = only(find(talk));
    CHECK(lookup.truncated == cut);
    CHECK(lookup.tcp == TcpEnd::none);
    CHECK(lookup.end == CapturedEnd::no_end_seen);
    CHECK(lookup.duration == 200s);
  }
  SECTION("three SYNs without an answer") {
    const auto lookup = only(find(talk.syn(2, 40000).syn(1'002, 40000).syn(3'002, 40000)));
    CHECK(lookup.tcp == TcpEnd::unanswered);
    CHECK(lookup.syns == 3);
    CHECK(lookup.connections == 1);
    CHECK(lookup.packets == 5);
    CHECK(lookup.end == CapturedEnd::no_end_seen);
  }
  SECTION("refused by RST") {
    const auto lookup = only(find(talk.syn(2, 40000).tcp(3, 40000, false, tcp_rst | tcp_ack, 0)));
    CHECK(lookup.tcp == TcpEnd::refused);
    CHECK(lookup.end == CapturedEnd::failed);
    CHECK(lookup.reason == "RST");
    CHECK(lookup.duration == 3ms);
  }
  SECTION("refused by ICMP, of which the second is the last word") {
    const auto lookup = only(find(talk.syn(2, 40000)
                                      .icmp(3, 40000, false, Transport::tcp, 1)
                                      .syn(1'002, 40000)
                                      .icmp(1'003, 40000, false, Transport::tcp, 3)));
    CHECK(lookup.tcp == TcpEnd::refused);
    CHECK(lookup.reason == "ICMP 3/3");
    CHECK(lookup.duration == 1'003ms);
  }
  SECTION("refused, but tried again at once: no last word yet") {
    const auto lookup =
        only(find(talk.syn(2, 40000).tcp(3, 40000, false, tcp_rst | tcp_ack, 0).syn(10, 40001, 2000)));
    CHECK(lookup.connections == 2);
    CHECK(lookup.end == CapturedEnd::no_end_seen);
  }
  SECTION("an RST without its SYN: the client's own host refused it behind the tap") {
    const auto lookup = only(find(talk.tcp(3, 40000, false, tcp_rst | tcp_ack, 0)));
    CHECK(lookup.tcp == TcpEnd::refused);
    CHECK(lookup.syns == 0);
    CHECK(lookup.end == CapturedEnd::failed);
    CHECK(only(find(talk.query(4, 45001, 2).answer(5, 45001, 2, 3))).end == CapturedEnd::answered);
  }
  SECTION("answered, in a stream of two segments") {
    auto answer = Talk::framed(Talk::message(1, 0x8180, "a.example", dns::type_a, 256));
    const std::vector<std::uint8_t> front(answer.begin(), answer.begin() + 9);
    answer.erase(answer.begin(), answer.begin() + 9);
    talk.syn(2, 40000).syn_ack(3, 40000).tcp_query(4, 40000, 1);
    talk.tcp(6, 40000, false, tcp_ack, 5010, answer).tcp(7, 40000, false, tcp_ack, 5001, front);
    const auto lookup = only(find(talk.tcp(8, 40000, true, tcp_fin | tcp_ack, 1030)));
    CHECK(lookup.tcp == TcpEnd::answered);
    CHECK(lookup.end == CapturedEnd::answered);
    CHECK(lookup.answers == 256);
    CHECK(lookup.duration == 7ms);
    CHECK(lookup.packets == 8);
  }
  SECTION("connected and silent, until the client closes") {
    talk.syn(2, 40000).syn_ack(3, 40000).tcp_query(4, 40000, 1);
    CHECK(only(find(talk)).end == CapturedEnd::no_end_seen);
    CHECK(only(find(talk)).tcp == TcpEnd::silent);
    const auto closed = only(find(talk.tcp(5'004, 40000, true, tcp_fin | tcp_ack, 1030)));
    CHECK(closed.end == CapturedEnd::failed);
    CHECK(closed.reason == "closed unanswered");
    CHECK(closed.duration == 5'004ms);
  }
}

TEST_CASE("a lookup by TCP alone begins with its SYN") {
  const auto lookup =
      only(find(Talk{}.syn(0, 40000).syn_ack(1, 40000).tcp_query(2, 40000, 1).tcp_answer(5, 40000, 1, 4)));
  CHECK(lookup.start == epoch);
  CHECK(lookup.duration == 5ms);
  CHECK(lookup.answers == 4);
  CHECK_FALSE(lookup.truncated);
}

TEST_CASE(
    "a settled lookup that starts over at once is glibc with a larger buffer, if the answer was large") {
  Talk talk;
  const auto ask_twice = [&talk](std::uint16_t answers) {
    talk.query(0, 45000, 1).answer(1, 45000, 1, answers).query(2, 45001, 2).answer(3, 45001, 2, answers);
    return find(talk);
  };
  SECTION("60 addresses") {
    const auto lookup = only(ask_twice(60));
    CHECK(lookup.rounds == 2);
    CHECK(lookup.retries == 0);
    CHECK(lookup.answers == 60);
    CHECK(lookup.duration == 3ms);
  }
  SECTION("3 addresses fit any buffer") { CHECK(ask_twice(3).lookups.size() == 2); }
}

TEST_CASE("an error is the last word unless another try follows at once") {
  Talk talk;
  talk.query(0, 45000, 1);
  SECTION("NXDOMAIN") {
    const auto lookup = only(find(talk.answer(4, 45000, 1, 0, dns::type_a, 0x8183)));
    CHECK(lookup.end == CapturedEnd::failed);
    CHECK(lookup.reason == "NXDOMAIN");
    CHECK(lookup.duration == 4ms);
  }
  SECTION("an empty answer") { CHECK(only(find(talk.answer(4, 45000, 1, 0))).reason == "no data"); }
  SECTION("SERVFAIL") {
    talk.answer(4, 45000, 1, 0, dns::type_a, 0x8182);
    CHECK(only(find(talk)).reason == "SERVFAIL");
    CHECK(only(find(talk.query(5, 45000, 1).answer(6, 45000, 1, 2))).end == CapturedEnd::answered);
  }
  SECTION("SERVFAIL, and the next call two seconds later") {
    talk.answer(4, 45000, 1, 0, dns::type_a, 0x8182).query(2'000, 45001, 2);
    CHECK(find(talk).lookups.size() == 2);
  }
  SECTION("port unreachable: no server there") {
    CHECK(only(find(talk.icmp(1, 45000, false, Transport::udp))).reason == "ICMP 3/3");
  }
  SECTION("the client's own port unreachable says nothing") {
    CHECK(only(find(talk.answer(4, 45000, 1, 2).icmp(5, 45000, true, Transport::udp))).end ==
          CapturedEnd::answered);
  }
}

TEST_CASE("what belongs to no lookup is counted by what it is") {
  Talk talk;
  talk.answer(0, 45000, 1, 3)                                                              // to what?
      .add(1, 45000, true, UdpHeader{}, {1, 2, 3})                                         // no DNS message
      .add(2, 45000, true, UdpHeader{}, Talk::message(1, 0, "a.example", dns::type_a))     // no RD
      .add(3, 45000, true, UdpHeader{}, Talk::message(1, 0x2900, "example", dns::type_a))  // UPDATE
      .icmp(4, 45009, false, Transport::udp)
      .syn(5, 40000)
      .syn(6, 40001, 2000)
      .tcp(7, 40001, true, tcp_ack, 2001, {0, 29, 1});
  const auto found = find(talk);
  CHECK(found.lookups.empty());
  CHECK(found.unplaced == UnplacedTraffic{.unreadable_messages = 1,
                                          .not_stub_messages = 2,
                                          .unmatched_answers = 1,
                                          .unmatched_icmp = 1,
                                          .nameless_connections = 2,
                                          .unfinished_streams = 1});
}
