#include <catch2/catch.hpp>

#include <cerrno>

#include "tests/models/linux/tcp_timeline.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint never{std::chrono::hours(1)};

TcpSegment syn_ack(std::uint32_t acknowledgment) {
  return {.source_port = 53,
          .destination_port = 40000,
          .sequence = 5000,
          .acknowledgment = acknowledgment,
          .syn = true,
          .ack = true,
          .window = 65160,
          .mss = 1460,
          .window_scale = 7,
          .sack_permitted = true,
          .timestamps = TcpTimestamps{7, 0}};
}

// A connected client whose round trip was 30 us.
struct Connected : Alone {
  explicit Connected(const TcpSettings& settings = {}) : Alone(settings) {
    socket.connect(now);
    now += 30us;
    socket.receive(now, syn_ack(1001));
    recorder.sent.clear();
  }
};

const std::vector<std::uint8_t> query(70, 0xaa);

}  // namespace

TEST_CASE(
    "A SYN into silence leaves at 0, 1, 3, 7, 15, 31 and 63 s, rounded up by the wheel, and ends in "
    "ETIMEDOUT",
    "[tcp]") {
  // HZ=250, phase 0: 1 s is 250 ticks -> 256; 2 s more: 756 -> 760; 4 s: 1760 -> 1792; 8 s: 3792 -> 3840;
  // 16 s: 7840 -> 8192 by buckets of 512 only from 4032 ticks on: 4000 is below, buckets of 64 -> 7872; 32 s:
  // 7872 + 8000 = 15872 -> buckets of 512 -> 16384; 64 s: 16384 + 16000 = 32384 -> 32768 ticks = 131.072 s.
  Alone alone;
  alone.socket.connect(alone.now);
  alone.run_until(never);
  CHECK(alone.times() == std::vector<double>{0, 1.024, 3.04, 7.168, 15.36, 31.488, 65.536});
  CHECK(alone.now == TimePoint(131072ms));
  CHECK(alone.socket.error() == ETIMEDOUT);
  CHECK(alone.socket.state() == TcpState::closed);
}

TEST_CASE("tcp_syn_retries=2 ends after three SYNs", "[tcp]") {
  Alone alone({.syn_retries = 2});
  alone.socket.connect(alone.now);
  alone.run_until(never);
  CHECK(alone.times() == std::vector<double>{0, 1.024, 3.04});
  CHECK(alone.now == TimePoint(7168ms));
}

TEST_CASE("tcp_syn_linear_timeouts=4 repeats the SYN four times each second before doubling", "[tcp]") {
  Alone alone({.syn_retries = 2, .syn_linear_timeouts = 4});
  alone.socket.connect(alone.now);
  alone.run_until(never);
  // The end is by time: 7 s have passed when the timer runs that was armed at 5.12 s for 2 s,
  // 1280 + 500 ticks -> 1784.
  CHECK(alone.times() == std::vector<double>{0, 1.024, 2.048, 3.072, 4.096, 5.12});
  CHECK(alone.now == TimePoint(7136ms));
  CHECK(alone.socket.error() == ETIMEDOUT);
}

TEST_CASE("An RST that answers the SYN is ECONNREFUSED at once", "[tcp]") {
  Alone alone;
  alone.socket.connect(alone.now);
  alone.socket.receive(
      alone.now + 10us,
      {.source_port = 53, .destination_port = 40000, .acknowledgment = 1001, .ack = true, .rst = true});
  CHECK(alone.socket.take_error() == ECONNREFUSED);
}

TEST_CASE("An RST that acknowledges something else is ignored", "[tcp]") {
  Alone alone;
  alone.socket.connect(alone.now);
  alone.socket.receive(alone.now + 10us, {.acknowledgment = 999, .ack = true, .rst = true});
  CHECK(alone.socket.state() == TcpState::syn_sent);
}

TEST_CASE("An ICMP error ends connect() unless it arrives while the socket is locked", "[tcp]") {
  Alone alone;
  alone.socket.connect(alone.now);
  alone.socket.icmp_error(alone.now, ECONNREFUSED, true);
  CHECK(alone.socket.state() == TcpState::syn_sent);
  alone.run_until(TimePoint(1100ms));
  CHECK(alone.times() == std::vector<double>{0, 1.024});
  alone.socket.icmp_error(alone.now, ECONNREFUSED, false);
  CHECK(alone.socket.state() == TcpState::closed);
  CHECK(alone.socket.error() == ECONNREFUSED);
}

TEST_CASE("An ICMP error for a SYN is queued for poll() to report from kernel 5.8 on", "[tcp]") {
  for (const bool queues : {true, false}) {
    Alone alone({.queues_syn_errors = queues});
    alone.socket.connect(alone.now);
    CHECK(!alone.socket.error_queued());
    alone.socket.icmp_error(alone.now, ECONNREFUSED, true);
    CHECK(alone.socket.error_queued() == queues);
    CHECK(alone.socket.error() == 0);
  }
}

TEST_CASE("An ICMP error that met a locked socket is what the timeout reports in the end", "[tcp]") {
  Alone alone({.syn_retries = 1});
  alone.socket.connect(alone.now);
  alone.socket.icmp_error(alone.now, EHOSTUNREACH, true);
  alone.run_until(never);
  CHECK(alone.socket.error() == EHOSTUNREACH);
}

TEST_CASE("Unanswered data is probed once, then repeated with doubling, until tcp_retries2 as a time",
          "[tcp]") {
  // Measured with tcp_retries2=4: 0, 0.2045-0.2090, 0.413-0.421, 0.826-0.856, 1.657-1.688, 3.322-3.352;
  // ETIMEDOUT after 6.68 to 6.86 s.
  Connected connected({.retries2 = 4});
  connected.socket.write(connected.now, query);
  connected.run_until(never);
  const auto times = connected.times();
  REQUIRE(times.size() == 6);
  const double expected[][2] = {{0, 0}, {.2, .212}, {.41, .425}, {.82, .86}, {1.64, 1.69}, {3.3, 3.37}};
  for (std::size_t i = 0; i < times.size(); ++i) {
    CAPTURE(i, times[i]);
    CHECK(times[i] >= expected[i][0]);
    CHECK(times[i] <= expected[i][1]);
  }
  const double end = to_seconds(connected.now.time_since_epoch());
  CHECK(end >= 6.64);
  CHECK(end <= 6.87);
  CHECK(connected.socket.error() == ETIMEDOUT);
}

TEST_CASE("Data that the host's own firewall refuses is tried again after 0.2 s, doubled, tcp_retries2 times",
          "[tcp]") {
  // Measured with tcp_retries2=4: 0, 0.204-0.211, 0.624-0.646, 1.456-1.474, 3.120-3.138; ETIMEDOUT after
  // 6.42 to 6.66 s.
  Connected connected({.retries2 = 4});
  connected.recorder.refuse = [](const TcpSegment& segment) { return !segment.payload.empty(); };
  connected.socket.write(connected.now, query);
  connected.run_until(never);
  const auto times = connected.times();
  REQUIRE(times.size() == 5);
  const double expected[][2] = {{0, 0}, {.2, .212}, {.61, .65}, {1.44, 1.48}, {3.1, 3.15}};
  for (std::size_t i = 0; i < times.size(); ++i) {
    CAPTURE(i, times[i]);
    CHECK(times[i] >= expected[i][0]);
    CHECK(times[i] <= expected[i][1]);
  }
  const double end = to_seconds(connected.now.time_since_epoch());
  CHECK(end >= 6.40);
  CHECK(end <= 6.67);
  CHECK(connected.socket.error() == ETIMEDOUT);
}

TEST_CASE("With data refused by the own firewall no FIN of the peer is acknowledged, however often it comes",
          "[tcp]") {
  // As in dig-9.18--synack-ok-data-drop: the server answers none of eight FINs.
  Connected connected;
  connected.recorder.refuse = [](const TcpSegment& segment) { return !segment.payload.empty(); };
  connected.socket.write(connected.now, query);
  const TcpSegment fin{.sequence = 5001, .acknowledgment = 1001, .ack = true, .fin = true, .window = 500};
  for (int i = 0; i < 8; ++i) {
    connected.run_until(connected.now + std::chrono::milliseconds(100));
    connected.socket.receive(connected.now, fin);
  }
  CHECK(connected.socket.state() == TcpState::close_wait);
  CHECK(std::ranges::all_of(connected.recorder.sent,
                            [](const Sent& sent) { return !sent.segment.payload.empty(); }));
}

TEST_CASE("A connection that hears nothing and has nothing to say waits for ever", "[tcp]") {
  Connected connected;
  connected.run_until(never);
  CHECK_FALSE(connected.socket.deadline().has_value());
  CHECK(connected.socket.state() == TcpState::established);
}

TEST_CASE("close() with unread data sends a reset", "[tcp]") {
  Connected connected;
  connected.socket.receive(
      connected.now,
      {.sequence = 5001, .acknowledgment = 1001, .ack = true, .window = 500, .payload = {1, 2, 3}});
  connected.recorder.sent.clear();
  connected.socket.close(connected.now);
  REQUIRE(connected.recorder.sent.size() == 1);
  CHECK(connected.recorder.sent[0].segment.rst);
}

TEST_CASE("A small segment waits while another small one is unacknowledged", "[tcp]") {
  Connected connected;
  connected.socket.write(connected.now, query);
  connected.socket.write(connected.now, query);
  CHECK(connected.recorder.sent.size() == 1);
  connected.socket.receive(connected.now + 30us,
                           {.sequence = 5001, .acknowledgment = 1071, .ack = true, .window = 500});
  CHECK(connected.recorder.sent.size() == 2);
}

TEST_CASE("Segments that arrive out of order are read in order, once", "[tcp]") {
  Connected connected;
  const auto piece = [](std::uint32_t sequence, std::vector<std::uint8_t> payload) {
    return TcpSegment{.sequence = sequence,
                      .acknowledgment = 1001,
                      .ack = true,
                      .window = 500,
                      .payload = std::move(payload)};
  };
  connected.socket.receive(connected.now, piece(5004, {4, 5}));
  CHECK(connected.socket.readable() == 0);
  CHECK(connected.recorder.sent.back().segment.sack_count == 1);
  CHECK(connected.recorder.sent.back().segment.sack[0] == SackBlock{5004, 5006});
  connected.socket.receive(connected.now, piece(5001, {1, 2, 3}));
  CHECK(connected.recorder.sent.back().segment.sack_count == 0);
  connected.socket.receive(connected.now, piece(5001, {1, 2, 3}));
  CHECK(connected.recorder.sent.back().segment.sack_count == 1);  // a D-SACK block: 5001 to 5003 once more
  CHECK(connected.recorder.sent.back().segment.sack[0] == SackBlock{5001, 5004});
  std::vector<std::uint8_t> read(8);
  read.resize(connected.socket.read(connected.now, read));
  CHECK(read == std::vector<std::uint8_t>{1, 2, 3, 4, 5});
}

TEST_CASE("Data that arrive after close() are answered by RST, and so they are after shutdown()", "[tcp]") {
  for (const bool whole : {true, false}) {
    Connected connected;
    if (whole)
      connected.socket.close(connected.now);
    else
      connected.socket.shutdown(connected.now);
    REQUIRE(connected.recorder.sent.size() == 1);
    CHECK(connected.recorder.sent[0].segment.fin);
    connected.socket.receive(connected.now, {.source_port = 53,
                                             .destination_port = 40000,
                                             .sequence = 5001,
                                             .acknowledgment = 1001,
                                             .ack = true,
                                             .payload = query});
    REQUIRE(connected.recorder.sent.size() == 2);
    const TcpSegment& reset = connected.recorder.sent[1].segment;
    CHECK(reset.rst);
    CHECK_FALSE(reset.ack);
    CHECK(reset.sequence == 1001);
    CHECK(connected.socket.state() == TcpState::closed);
  }
}
