// Made-up conversations between 192.168.122.119 and its server; times in milliseconds.
#include "replay/lookup_finder.hh"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/replay/packets.hh"

using namespace hanglab;
using namespace hanglab::replay;
using namespace std::chrono_literals;

namespace {

constexpr Duration capture_end = epoch + 200s;

struct FoundLookups {
  std::vector<CapturedLookup> lookups{};  // by their beginning
  UnplacedTraffic unplaced{};
};

FoundLookups find(const Talk& talk, std::size_t most_open = 1000, Duration end = capture_end) {
  FoundLookups found;
  LookupFinder finder([&](CapturedLookup&& lookup) { found.lookups.push_back(std::move(lookup)); },
                      {.most_open = most_open});
  for (const auto& packet : talk.packets) finder.add(packet);
  finder.finish(end);
  std::ranges::stable_sort(found.lookups, {}, &CapturedLookup::start);
  found.unplaced = finder.unplaced();
  return found;
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
  auto lookup = only(found);
  REQUIRE(lookup.attempts.size() == 1);
  CHECK(lookup.attempts[0] ==
        Attempt{.server = server, .end = 10ms, .result = "answered", .bytes = 27, .sends = {0ms, 1ms}});
  lookup.attempts.clear();
  CHECK(lookup == CapturedLookup{.client = client_address,
                                 .servers = {server},
                                 .name = "a.example",
                                 .types = {dns::type_a, dns::type_aaaa},
                                 .start = epoch,
                                 .duration = 12ms,
                                 .end = CapturedEnd::answered,
                                 .answers = 3,
                                 .packets = 4,
                                 .udp_queries = 2});
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
  CHECK(lookup.duration == 50s);  // the last query shows it alive
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

TEST_CASE("a retry from a new socket finds its lookup by the name, in whatever letters") {
  Talk talk;
  for (const int i : {0, 1, 2, 3}) talk.query(i, 45000, i, dns::type_a, fmt::format("www.host{}.example", i));
  for (const int i : {0, 1, 2, 3})
    talk.query(5'000 + i, 45001, 10 + i, dns::type_a, fmt::format("WWW.Host{}.exAmple", i));
  const auto found = find(talk, 4);
  REQUIRE(found.lookups.size() == 4);
  for (const CapturedLookup& lookup : found.lookups) CHECK(lookup.retries == 1);
}

TEST_CASE("an error without a question is about the query of its id") {
  const auto found = find(Talk{}
                              .query(0, 45000, 1)
                              .query(1, 45001, 2, dns::type_a, "b.example")
                              .add(2, 45000, false, UdpHeader{}, {0, 1, 0x81, 0x81, 0, 0, 0, 0, 0, 0, 0, 0}));
  REQUIRE(found.lookups.size() == 2);
  CHECK(found.lookups[0].reason == "FORMERR");
  CHECK(found.unplaced == UnplacedTraffic{});
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
    CHECK(lookup.duration == 1ms);
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

TEST_CASE("a lookup is handed out when it is over: 200 ms after its answer, 45 s after its last try") {
  std::vector<std::pair<Duration, std::string>> handed;
  Duration now{};
  LookupFinder finder([&](CapturedLookup&& lookup) { handed.emplace_back(now - epoch, lookup.name); });
  const auto add = [&](const Talk& talk) {
    for (const auto& packet : talk.packets) {
      now = packet.at;
      finder.add(packet);
    }
  };
  add(Talk{}.query(0, 45000, 1, dns::type_a, "answered").query(0, 45001, 2, dns::type_a, "lost"));
  add(Talk{}.answer(10, 45000, 1, 3, dns::type_a, 0x8180, "answered"));
  add(Talk{}.query(210, 45002, 3, dns::type_a, "other"));
  CHECK(handed.empty());
  add(Talk{}.answer(211, 45002, 3, 1, dns::type_a, 0x8180, "other"));
  CHECK(handed == std::vector<std::pair<Duration, std::string>>{{211ms, "answered"}});
  add(Talk{}.query(45'000, 45003, 4, dns::type_a, "last"));
  CHECK(handed.size() == 2);
  add(Talk{}.answer(45'001, 45003, 4, 1, dns::type_a, 0x8180, "last"));
  REQUIRE(handed.size() == 3);
  CHECK(handed[2] == std::pair<Duration, std::string>{45'001ms, "lost"});
  finder.finish(now);
  CHECK(handed.size() == 4);
}

TEST_CASE("with too many open lookups, those that end first are handed out early and counted") {
  Talk talk;
  for (std::uint16_t i = 0; i < 100; ++i)
    talk.query(i, static_cast<std::uint16_t>(45000 + i), i, dns::type_a, "n" + std::to_string(i));
  const auto found = find(talk, 10);
  CHECK(found.lookups.size() == 100);
  CHECK(found.unplaced.lookups_given_up == 90);
}

TEST_CASE("a query for which the lookup before it on its connection makes room is a packet of its own") {
  const auto first = Talk::framed(Talk::message(1, dns::flag_rd, "first", dns::type_a, 0));
  const auto second = Talk::framed(Talk::message(2, dns::flag_rd, "second", dns::type_a, 0));
  const auto found =
      find(Talk{}
               .syn(0, 40000)
               .syn_ack(1, 40000)
               .tcp(2, 40000, true, tcp_ack, 1001, first)
               .tcp(3, 40000, true, tcp_ack, 1001 + static_cast<std::uint32_t>(first.size()), second),
           1);
  REQUIRE(found.lookups.size() == 2);
  CHECK(found.lookups[1].name == "second");
  CHECK(found.lookups[1].packets == 1);
}

TEST_CASE("one connection serves several lookups, each with its own packets") {
  const auto framed = [](std::uint16_t id, std::uint16_t flags, const std::string& name,
                         std::uint16_t answers) {
    return Talk::framed(Talk::message(id, flags, name, dns::type_a, answers));
  };
  Talk talk;
  talk.syn(0, 40000).syn_ack(1, 40000);
  const auto first = framed(1, dns::flag_rd, "first", 0);
  const auto size = static_cast<std::uint32_t>(first.size());
  talk.tcp(2, 40000, true, tcp_ack, 1001, first);
  talk.tcp(3, 40000, false, tcp_ack, 5001, framed(1, 0x8180, "first", 1));
  talk.tcp(5'000, 40000, true, tcp_ack, 1001 + size, framed(2, dns::flag_rd, "second", 0));
  talk.tcp(5'004, 40000, false, tcp_ack, 5001 + size, framed(2, 0x8180, "second", 2));
  const auto found = find(talk);
  REQUIRE(found.lookups.size() == 2);
  CHECK(found.lookups[0].duration == 3ms);
  CHECK(found.lookups[0].syns == 1);
  CHECK(found.lookups[0].packets == 4);
  CHECK(found.lookups[1].start == epoch + 5s);
  CHECK(found.lookups[1].duration == 4ms);
  CHECK(found.lookups[1].syns == 0);
  CHECK(found.lookups[1].packets == 2);
  CHECK(found.lookups[1].tcp == TcpEnd::answered);
  CHECK(found.unplaced == UnplacedTraffic{});
}

TEST_CASE("two truncated lookups, each with a connection: SYNs that go on tell whose a later one is") {
  const auto found = find(Talk{}
                              .query(0, 45000, 1, dns::type_a, "first")
                              .answer(1, 45000, 1, 29, dns::type_a, 0x8380, "first")
                              .query(2, 45001, 2, dns::type_a, "second")
                              .answer(3, 45001, 2, 29, dns::type_a, 0x8380, "second")
                              .syn(4, 40001, 2000)
                              .syn(10, 40000, 1000)
                              .syn(1'004, 40001, 2000)
                              .syn(1'010, 40000, 1000));
  REQUIRE(found.lookups.size() == 2);
  CHECK(found.lookups[0].connections == 1);
  CHECK(found.lookups[1].connections == 1);
  CHECK(found.lookups[0].syns == 2);
  CHECK(found.lookups[1].syns == 2);
}

TEST_CASE("a connection that was laid to the wrong lookup begins the one that it asks for") {
  const auto asks_b = Talk::framed(Talk::message(7, dns::flag_rd, "b.example", dns::type_a));
  const auto found = find(Talk{}
                              .query(0, 45000, 1)
                              .truncated(1, 45000, 1)
                              .syn(2, 40000)
                              .syn_ack(3, 40000)
                              .tcp(5, 40000, true, tcp_ack, 1001, asks_b)
                              .tcp(6, 40000, false, tcp_rst, 5001));
  REQUIRE(found.lookups.size() == 2);
  const CapturedLookup& b = found.lookups[1];
  CHECK(b.name == "b.example");
  CHECK(b.start == epoch + 2ms);
  CHECK(b.duration == 4ms);
  CHECK(b.syns == 1);
  CHECK(found.lookups[0].connections == 0);
}

TEST_CASE("what a connection did before a lookup began is not the lookup's end") {
  const auto lookup = only(find(Talk{}
                                    .tcp(5, 40000, false, tcp_fin | tcp_ack, 5001)
                                    .query(1'000, 45000, 1)
                                    .truncated(1'001, 45000, 1)
                                    .tcp(1'002, 40000, true, tcp_fin | tcp_ack, 1001)
                                    .tcp(1'003, 40000, false, tcp_rst, 5002)));
  CHECK(lookup.start == epoch + 1'000ms);
  CHECK(lookup.end == CapturedEnd::no_end_seen);
  CHECK(lookup.duration == 1ms);
}

TEST_CASE("nor the end of one that is told apart later") {
  const auto found = find(Talk{}
                              .query(0, 45000, 1)
                              .tcp(150, 40000, false, tcp_fin | tcp_ack, 5001)
                              .query(210, 45001, 2)
                              .truncated(211, 45001, 2)
                              .tcp(212, 40000, false, tcp_rst, 5002)
                              .query(213, 45000, 1));
  REQUIRE(found.lookups.size() == 2);
  CHECK(found.lookups[1].start == epoch + 210ms);
  CHECK(found.lookups[1].end == CapturedEnd::no_end_seen);
  CHECK(found.lookups[1].duration == 1ms);
}

TEST_CASE("an error that the program did not heed before is not its end") {
  Talk talk;
  SECTION("REFUSED, and the query again 2.5 s later, as musl does") {
    talk.query(0, 45000, 1).answer(1, 45000, 1, 0, dns::type_a, 0x8185);
    talk.query(2'500, 45000, 1).answer(2'501, 45000, 1, 0, dns::type_a, 0x8185);
  }
  SECTION("port unreachable likewise") {
    talk.query(0, 45000, 1).icmp(1, 45000, false, Transport::udp);
    talk.query(2'500, 45000, 1).icmp(2'501, 45000, false, Transport::udp);
  }
  const auto lookup = only(find(talk));
  CHECK(lookup.end == CapturedEnd::no_end_seen);
  CHECK(lookup.duration == 2'501ms);
}

TEST_CASE("a capture that stops before an overlooked ICMP error would show leaves the end open") {
  Talk talk;
  talk.query(0, 45000, 1).truncated(1, 45000, 1).syn(2, 40000).icmp(3, 40000, false, Transport::tcp);
  CHECK(only(find(talk, 1000, epoch + 900ms)).end == CapturedEnd::no_end_seen);
  CHECK(only(find(talk, 1000, epoch + 1'200ms)).reason == "ICMP 3/3");
}

TEST_CASE("too large a packet is no refusal") {
  Talk talk;
  talk.query(0, 45000, 1).icmp(1, 45000, false, Transport::udp, 4);
  CHECK(only(find(talk)).end == CapturedEnd::no_end_seen);
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
                                          .streams = {.unfinished = 1}});
}
