// The sending half of a TCP connection: what is queued, what is outstanding, what is lost. It
// decides which bytes may leave; when timers run is the socket's business.
// Loss is detected by time, as RACK does: a segment is lost when one that was sent later has arrived
// and a quarter of the round trip more has passed. Congestion window: slow start from 10 segments,
// halved by loss, one segment after a timeout; nothing that a DNS message reaches depends on more.
// Source: RFC 8985 (RACK-TLP), RFC 6928 (initial window), RFC 896 with Minshall's change (Nagle);
// Linux net/ipv4/tcp_output.c, tcp_recovery.c.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "models/linux/rtt_estimator.hh"
#include "models/linux/tcp_segment.hh"

namespace hanglab::kernel {

class TcpSender {
 public:
  // `initial` is the sequence number of our SYN, which is outstanding until acknowledge() or start().
  explicit TcpSender(Sequence initial) : oldest_(initial + 1), next_(initial + 1) {}

  // A run of sequence space that has been sent and not yet acknowledged.
  struct Flight {
    Sequence begin = 0;
    std::vector<std::uint8_t> payload{};
    bool fin = false;
    TimePoint sent_at{};
    bool retransmitted = false;
    bool sacked = false;
    bool lost = false;

    Sequence end() const { return begin + static_cast<std::uint32_t>(payload.size()) + (fin ? 1u : 0u); }
  };

  void set_segment_size(std::size_t size) { segment_size_ = size; }
  void set_window(std::uint32_t window) { window_ = window; }

  void write(std::span<const std::uint8_t> bytes) { queue_.insert(queue_.end(), bytes.begin(), bytes.end()); }
  void finish() { fin_queued_ = true; }

  // The next run to send now, lost ones first; nullptr when nothing may leave. It counts as sent.
  const Flight* next_to_send(TimePoint now);
  // The run that next_to_send() gave last was not sent after all.
  void take_back();
  // For a timeout or a loss probe: the oldest or the newest outstanding run, sent again.
  const Flight* resend_oldest(TimePoint now);
  const Flight* resend_newest(TimePoint now);

  struct Acknowledged {
    bool anything = false;          // new data was acknowledged
    std::optional<Duration> rtt{};  // of a run that was sent once
  };
  Acknowledged acknowledge(TimePoint now, const TcpSegment& segment);

  // Marks what RACK holds for lost; returns when to look again, if some runs are still in doubt.
  std::optional<TimePoint> detect_losses(TimePoint now, Duration rtt);
  void timeout();  // all outstanding is lost, the window falls to one segment

  bool outstanding() const { return !flights_.empty(); }
  std::size_t outstanding_count() const { return flights_.size(); }
  bool anything_sacked_or_lost() const;
  bool idle() const { return flights_.empty() && queue_.empty() && !fin_queued_; }
  bool fin_acknowledged() const { return fin_sent_ && flights_.empty(); }
  bool can_send_more() const { return !queue_.empty() || fin_queued_; }
  Sequence oldest() const { return oldest_; }
  Sequence next() const { return next_; }

 private:
  const Flight* send_again(Flight& flight, TimePoint now);
  bool nagle_holds(std::size_t size) const;

  Sequence oldest_;  // SND.UNA
  Sequence next_;    // SND.NXT
  std::vector<std::uint8_t> queue_;
  bool fin_queued_ = false;
  bool fin_sent_ = false;
  std::deque<Flight> flights_;
  std::size_t segment_size_ = 536;
  std::uint32_t window_ = 0;
  std::size_t congestion_window_ = 10;
  std::size_t slow_start_threshold_ = static_cast<std::size_t>(-1);
  std::size_t acknowledged_in_window_ = 0;
  std::optional<Sequence> small_end_{};        // end of the last run below the segment size
  std::optional<TimePoint> latest_arrival_{};  // when the latest-sent run that has arrived was sent
  std::optional<Sequence> recovery_end_{};     // the window is halved once per recovery
};

}  // namespace hanglab::kernel
