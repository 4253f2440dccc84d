#include "replay/packet_comparison.hh"

#include <catch2/catch.hpp>

#include "tests/replay/packets.hh"

using namespace hanglab;
using namespace hanglab::replay;

namespace {

// A UDP exchange that is cut short, then TCP from connect to close.
Talk fallback() {
  Talk talk;
  talk.query(0, 45000, 1)
      .query(1, 45000, 2, dns::type_aaaa)
      .truncated(20, 45000, 1)
      .answer(21, 45000, 2, 0, dns::type_aaaa)
      .syn(40, 40000)
      .syn_ack(41, 40000)
      .tcp(42, 40000, true, tcp_ack, 1001)
      .tcp_query(43, 40000, 1)
      .tcp_answer(60, 40000, 1, 256)
      .tcp(80, 40000, true, tcp_fin | tcp_ack, 1030)
      .tcp(81, 40000, false, tcp_fin | tcp_ack, 5030);
  return talk;
}

PacketComparison compare_talks(const Talk& real, const Talk& simulated) {
  return compare_packets(real.packets, simulated.packets);
}

void differs(const Talk& simulated, const std::string& how) {
  const auto comparison = compare_talks(fallback(), simulated);
  CHECK_FALSE(comparison.equal);
  CHECK_THAT(comparison.difference, Catch::Contains(how));
}

}  // namespace

TEST_CASE("equal but for ids, ports, sequence numbers, times and bare acknowledgments") {
  Talk other;
  other.query(0, 51111, 71)
      .query(0, 51111, 72, dns::type_aaaa)
      .truncated(1, 51111, 71)
      .answer(2, 51111, 72, 0, dns::type_aaaa)
      .syn(3, 61111, 77)
      .syn_ack(4, 61111)
      .tcp_query(5, 61111, 71, 77)
      .tcp(6, 61111, false, tcp_ack, 5001)
      .tcp_answer(7, 61111, 71, 256)
      .tcp(8, 61111, true, tcp_fin | tcp_ack, 107)
      .tcp(9, 61111, false, tcp_fin | tcp_ack, 5030);
  const auto comparison = compare_talks(fallback(), other);
  INFO(comparison.difference);
  CHECK(comparison.equal);
  CHECK(comparison.steps == 10);
  CHECK(comparison.reordered == 0);
  CHECK(comparison.difference.empty());
}

TEST_CASE("each property of a step counts") {
  auto talk = fallback();
  auto& packets = talk.packets;
  SECTION("the question's name") {
    packets[0].payload = Talk::message(1, dns::flag_rd, "b.example", dns::type_a);
    differs(talk, "query A b.example");
  }
  SECTION("the question's type") {
    packets[0].payload = Talk::message(1, dns::flag_rd, "a.example", dns::type_ptr);
    differs(talk, "query PTR a.example");
  }
  SECTION("the flags") {
    packets[2].payload = Talk::message(1, 0x8180, "a.example", dns::type_a, 29);
    differs(talk, "flags 0x8180");
  }
  SECTION("the counts") {
    packets[2].payload = Talk::message(1, 0x8380, "a.example", dns::type_a, 28);
    differs(talk, "1/28/0/0");
  }
  SECTION("the size") {
    packets[2].payload_size += 16;
    differs(talk, "43 bytes");
  }
  SECTION("the direction") {
    std::swap(packets[9].source, packets[9].destination);
    differs(talk, "<- tcp#2 FIN");
  }
  SECTION("the transport") {
    packets[4].header = UdpHeader{};
    packets[4].payload = Talk::message(1, dns::flag_rd, "a.example", dns::type_a);
    differs(talk, "udp#2 query A");
  }
  SECTION("a TCP flag") {
    packets[10].header = TcpHeader{.flags = tcp_rst, .sequence = 5030};
    differs(talk, "<- tcp#2 RST");
  }
  SECTION("the socket") {
    packets[1].source.port = 45001;
    differs(talk, "udp#2 query AAAA");
  }
}

TEST_CASE("a step too many, a step too few") {
  auto more = fallback();
  more.syn(90, 40001, 9000);
  differs(more, "the simulation has a step too many");
  auto fewer = fallback();
  fewer.packets.pop_back();
  differs(fewer, "the simulation lacks a step");
  CHECK(compare_talks({}, {}).equal);
  CHECK_FALSE(compare_talks({}, fallback()).equal);
}

TEST_CASE("seven SYNs are seven steps, six are not the same") {
  Talk seven;
  Talk six;
  for (int i = 0; i < 7; ++i) seven.syn(((1 << i) - 1) * 1000, 40000);
  for (int i = 0; i < 6; ++i) six.syn(((1 << i) - 1) * 1000, 40000);
  CHECK(compare_talks(seven, seven).steps == 7);
  CHECK(compare_talks(seven, seven).equal);
  CHECK_FALSE(compare_talks(seven, six).equal);
}

TEST_CASE("a TCP answer in three segments, one of them twice, is one message") {
  auto split = fallback();
  const auto whole = split.packets[8];
  REQUIRE(whole.payload.size() == 29);
  split.packets.erase(split.packets.begin() + 8);
  for (const auto& [from, to] : {std::pair{0, 10}, {10, 20}, {10, 20}, {20, 29}}) {
    auto segment = whole;
    segment.payload.assign(whole.payload.begin() + from, whole.payload.begin() + to);
    segment.payload_size = segment.payload.size();
    segment.header = TcpHeader{.flags = tcp_ack, .sequence = 5001 + static_cast<std::uint32_t>(from)};
    split.packets.insert(split.packets.end() - 2, segment);
  }
  const auto comparison = compare_talks(fallback(), split);
  INFO(comparison.difference);
  CHECK(comparison.equal);
}

TEST_CASE("different directions change places if reality shows them less than 10 ms apart") {
  // One socket: A, its answer, AAAA, its answer; or both queries first.
  const auto taking_turns = [](int ms_apart) {
    return Talk{}
        .query(0, 45000, 1)
        .answer(1, 45000, 1, 3)
        .query(1 + ms_apart, 45000, 2, dns::type_aaaa)
        .answer(2 + ms_apart, 45000, 2, 0, dns::type_aaaa);
  };
  const auto together = Talk{}
                            .query(0, 45000, 1)
                            .query(0, 45000, 2, dns::type_aaaa)
                            .answer(1, 45000, 1, 3)
                            .answer(1, 45000, 2, 0, dns::type_aaaa);
  const auto close = compare_talks(taking_turns(9), together);
  CHECK(close.equal);
  CHECK(close.reordered == 1);

  const auto apart = compare_talks(taking_turns(10), together);
  CHECK_FALSE(apart.equal);
  CHECK_THAT(apart.difference,
             Catch::StartsWith("steps 2 and 3 of the real capture changed places, 0.010 s apart\nreal:\n"));
}

TEST_CASE("sockets that were opened less than 10 ms apart may have been opened in another order") {
  const auto asked = [](std::uint16_t first, int ms_apart, std::uint16_t second) {
    return Talk{}
        .query(0, 45000, 1, first)
        .answer(1, 45000, 1, 0, first)
        .query(ms_apart, 45001, 2, second)
        .answer(ms_apart + 1, 45001, 2, 0, second);
  };
  const auto simulated = asked(dns::type_aaaa, 0, dns::type_a);
  const auto close = compare_talks(asked(dns::type_a, 8, dns::type_aaaa), simulated);
  INFO(close.difference);
  CHECK(close.equal);
  CHECK_FALSE(compare_talks(asked(dns::type_a, 10, dns::type_aaaa), simulated).equal);
  CHECK_FALSE(compare_talks(asked(dns::type_a, 8, dns::type_a), simulated).equal);
}

TEST_CASE("one step may pass several, as long as each of them is close") {
  // The server closes the first connection late, while the client already opens the second.
  const auto closing = [](int fin_at) {
    Talk talk;
    talk.syn(0, 40000).syn_ack(0, 40000).tcp(1, 40000, true, tcp_fin, 1001);
    if (fin_at < 2) talk.tcp(fin_at, 40000, false, tcp_fin, 5001);
    talk.query(2, 45000, 1).answer(4, 45000, 1, 1).syn(6, 40001, 2000);
    if (fin_at > 6) talk.tcp(fin_at, 40000, false, tcp_fin, 5001);
    return talk;
  };
  CHECK(compare_talks(closing(8), closing(1)).equal);
  CHECK(compare_talks(closing(8), closing(1)).reordered == 3);
  CHECK_FALSE(compare_talks(closing(13), closing(1)).equal);
}

TEST_CASE("one socket and one direction keep their order, however close") {
  const auto real = Talk{}.query(0, 45000, 1).query(0, 45000, 2, dns::type_aaaa);
  const auto swapped = Talk{}.query(0, 45000, 2, dns::type_aaaa).query(0, 45000, 1);
  const auto comparison = compare_talks(real, swapped);
  CHECK_FALSE(comparison.equal);
  CHECK_THAT(comparison.difference, Catch::StartsWith("a step differs"));
}

TEST_CASE("a port unreachable for a late answer is counted, not compared; other ICMP errors are") {
  const auto real = Talk{}.query(0, 45000, 1).answer(5, 45000, 1, 1).icmp(5, 45000, true, Transport::udp);
  const auto simulated = Talk{}.query(0, 45000, 1).answer(5, 45000, 1, 1);
  const auto comparison = compare_talks(real, simulated);
  CHECK(comparison.equal);
  CHECK(comparison.late_answers_real == 1);
  CHECK(comparison.late_answers_simulated == 0);

  const auto refused = Talk{}.query(0, 45000, 1).answer(5, 45000, 1, 1).icmp(5, 45000, false, Transport::udp);
  CHECK_FALSE(compare_talks(refused, simulated).equal);
  const auto unreachable = Talk{}.syn(0, 40000).icmp(1, 40000, false, Transport::tcp, 1);
  const auto rejected = Talk{}.syn(0, 40000).icmp(1, 40000, false, Transport::tcp, 3);
  CHECK_THAT(compare_talks(unreachable, rejected).difference, Catch::Contains("<- tcp#1 ICMP 3/1"));
}

TEST_CASE("a difference is shown among the steps around it, on both sides") {
  const auto real = Talk{}.query(0, 45000, 1).answer(1, 45000, 1, 3).syn(2, 40000);
  const auto other = Talk{}.query(0, 45000, 1).answer(4, 45000, 1, 2).syn(5, 40000);
  CHECK(compare_talks(real, other).difference ==
        "a step differs\n"
        "real:\n"
        "      1 +0.000000 s -> udp#1 query A a.example, flags 0x0100, 1/0/0/0, 27 bytes\n"
        "  >   2 +0.001000 s <- udp#1 answer A a.example, flags 0x8180, 1/3/0/0, 27 bytes\n"
        "      3 +0.002000 s -> tcp#2 SYN\n"
        "simulated:\n"
        "      1 +0.000000 s -> udp#1 query A a.example, flags 0x0100, 1/0/0/0, 27 bytes\n"
        "  >   2 +0.004000 s <- udp#1 answer A a.example, flags 0x8180, 1/2/0/0, 27 bytes\n"
        "      3 +0.005000 s -> tcp#2 SYN\n");
  CHECK(compare_talks(real, {}).difference ==
        "the simulation lacks a step\n"
        "real:\n"
        "  >   1 +0.000000 s -> udp#1 query A a.example, flags 0x0100, 1/0/0/0, 27 bytes\n"
        "      2 +0.001000 s <- udp#1 answer A a.example, flags 0x8180, 1/3/0/0, 27 bytes\n"
        "      3 +0.002000 s -> tcp#2 SYN\n"
        "simulated:\n"
        "  (nothing)\n");
}
