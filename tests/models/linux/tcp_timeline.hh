// A TCP socket against a script: what it is told and when, and what it sent by then. Two sockets can be
// wired together with a delay and a filter between them.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "models/linux/tcp_socket.hh"

namespace hanglab::tests {

using namespace kernel;

struct Sent {
  TimePoint at;
  TcpSegment segment;
};

// Records what a socket sends; refuses it where `refuse` says so.
class Recorder : public SegmentSink {
 public:
  explicit Recorder(const TimePoint& now) : now_(now) {}

  bool transmit(const TcpSegment& segment) override {
    sent.push_back({now_, segment});
    return !refuse || !refuse(segment);
  }

  std::vector<Sent> sent;
  std::function<bool(const TcpSegment&)> refuse;

 private:
  const TimePoint& now_;
};

constexpr Endpoint client_end{Ipv4Address{0xc0a87a77}, 40000};
constexpr Endpoint server_end{Ipv4Address{0xc0a87a01}, 53};

// A socket alone: the other side is silence, or what the test says.
struct Alone {
  explicit Alone(const TcpSettings& settings = {}, int hz = 250, Duration phase = {})
      : ticks(hz, phase),
        recorder(now),
        socket(settings, ticks, {client_end, server_end, 1000, 0}, recorder) {}

  // Lets the socket's timers run until `end` or until it is closed.
  void run_until(TimePoint end) {
    while (socket.state() != TcpState::closed) {
      const auto deadline = socket.deadline();
      if (!deadline || *deadline > end) break;
      now = *deadline;
      socket.expire(now);
    }
    if (socket.state() != TcpState::closed) now = end;
  }

  // The seconds at which segments left, rounded down to milliseconds.
  std::vector<double> times() const {
    std::vector<double> seconds;
    for (const Sent& sent : recorder.sent)
      seconds.push_back(
          static_cast<double>(
              std::chrono::floor<std::chrono::milliseconds>(sent.at.time_since_epoch()).count()) /
          1e3);
    return seconds;
  }

  TimePoint now{};
  TickClock ticks;
  Recorder recorder;
  TcpSocket socket;
};

}  // namespace hanglab::tests
