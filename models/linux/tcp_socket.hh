// One end of a TCP connection as Linux drives it: when SYNs, retransmissions and probes leave, when
// it gives up and with which errno, what ICMP errors and resets do. It owns no clock and no wire:
// it is told the time, hands out segments through a SegmentSink, and says when it wants to be woken.
//
// What it models of Linux (net/ipv4/tcp_timer.c, tcp_input.c, tcp_output.c, tcp_ipv4.c; 4.18 to 6.18):
//   - SYN timer of 1 s, doubled, after tcp_syn_linear_timeouts that are not; end by count and by time
//   - data: RTO of srtt + max(4 mdev, 200 ms), tail loss probe, end by tcp_retries2 as a time
//   - data that the host's own firewall refuses to send: it never counts as sent, is tried again as a
//     window probe would be, and ends after tcp_retries2 tries
//   - every timer rounded by the timer wheel (timer_wheel.hh)
//   - an ICMP error for a SYN ends connect(), unless it arrives while the caller holds the socket's lock:
//     then it is only remembered (sk_err_soft) and the next retransmission has to bring another. From 5.8 on
//     it is also put on the error queue of IPv4, which poll() reports (tcp_v4_err; commit 45af29ca761c)
//   - RST: ECONNREFUSED for a SYN, ECONNRESET later; close() with unread data sends one, and so do data that
//     arrive after close() or shutdown()
//   - quick acknowledgments of the first segments, then delayed by 40 ms; of a duplicate with a D-SACK
//     block (RFC 2883), which a firewall rule by length can tell from others
//   - Fast Open towards servers that give no cookie, which no DNS server does while net.ipv4.tcp_fastopen has
//     its default of 1: the first SYN asks for one, a repeated one does not
// Not modelled: keepalive, probing a closed window, out-of-band data, data in a SYN.
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include "core/address.hh"
#include "models/linux/rtt_estimator.hh"
#include "models/linux/tcp_receiver.hh"
#include "models/linux/tcp_segment.hh"
#include "models/linux/tcp_sender.hh"
#include "models/linux/timer_wheel.hh"

namespace hanglab::kernel {

// net.ipv4.tcp_* of tcp(7) and the kernel's Documentation/networking/ip-sysctl.rst.
struct TcpSettings {
  int syn_retries = 6;
  int syn_linear_timeouts = 0;  // 4 from kernel 6.5 on
  int synack_retries = 5;
  int retries2 = 15;
  int orphan_retries = 8;  // what the default of 0 means
  bool timestamps = true;
  bool sack = true;
  bool window_scaling = true;
  bool queues_syn_errors = true;  // from kernel 5.8 on
  std::uint16_t mss = 1460;       // what fits on our side: the interface's MTU less 40
};

enum class TcpState {
  closed,
  syn_sent,
  syn_received,
  established,
  fin_wait_1,
  fin_wait_2,
  close_wait,
  closing,
  last_ack,
  time_wait,
};

class SegmentSink {
 public:
  virtual ~SegmentSink() = default;
  // False when the host itself refuses to send it: its own OUTPUT chain drops it.
  virtual bool transmit(const TcpSegment& segment) = 0;
  // The retransmission timer ran out: what leaves from here on may take another way (sk_rethink_txhash).
  virtual void timed_out() {}
};

class TcpSocket {
 public:
  struct Identity {
    Endpoint local;
    Endpoint remote;
    Sequence initial_sequence = 0;
    std::uint32_t timestamp_offset = 0;
  };

  TcpSocket(const TcpSettings& settings, const TickClock& ticks, const Identity& identity, SegmentSink& sink);

  // TCP_MAXSEG, before connect(): a segment carries no more either way.
  void limit_segment(std::uint16_t most) { settings_.mss = std::min(settings_.mss, most); }

  // TCP_SYNCNT, before connect(): in place of net.ipv4.tcp_syn_retries.
  void limit_syns(int retries) { settings_.syn_retries = retries; }

  // Before connect(): its SYN asks for a Fast Open cookie.
  void request_cookie(CookieRequest how) { cookie_request_ = how; }
  // What the peer answered the SYN without a cookie to. A repeated SYN leaves open which one it answered.
  std::optional<CookieRequest> refused_cookie() const { return refused_cookie_; }

  // The application's side. Results: check error() and state() afterwards.
  void connect(TimePoint now);
  void accept(TimePoint now, const TcpSegment& syn);  // passive open: answers a SYN
  void write(TimePoint now, std::span<const std::uint8_t> bytes);
  std::size_t read(TimePoint now, std::span<std::uint8_t> into);
  void shutdown(TimePoint now);  // SHUT_RDWR: what is unread stays so
  void close(TimePoint now);

  // The network's side.
  void receive(TimePoint now, const TcpSegment& segment);
  // An ICMP error that quotes one of our segments, already as an errno; `locked`: a system call of
  // the owner is at work on the socket.
  void icmp_error(TimePoint now, int error, bool locked);

  // When expire() wants to be called next.
  std::optional<TimePoint> deadline() const;
  void expire(TimePoint now);

  TcpState state() const { return state_; }
  bool connected() const {
    return state_ != TcpState::closed && state_ != TcpState::syn_sent && state_ != TcpState::syn_received;
  }
  std::size_t readable() const { return receiver_.readable(); }
  bool end_of_file() const { return receiver_.at_end(); }
  int error() const { return error_; }  // sk_err: what the next call will fail with; 0: none
  int take_error();
  int take_any_error();  // SO_ERROR: with none pending, the one that was only remembered
  bool error_queued() const { return error_queued_; }  // for MSG_ERRQUEUE, which nobody reads here
  const Identity& identity() const { return identity_; }

 private:
  enum class Timer { none, retransmit, loss_probe, reorder, refused };

  TcpSegment segment(TimePoint now) const;
  bool transmit_syn(TimePoint now);
  bool transmit_flight(TimePoint now, const TcpSender::Flight& flight);
  void acknowledge_now(TimePoint now);
  void acknowledge_data(TimePoint now, TcpReceiver::Arrival arrival);
  void push(TimePoint now);
  void arm(TimePoint now, Timer timer, Duration delay);
  void arm_for_outstanding(TimePoint now);
  Duration measured_timeout() const;
  void learn_options(const TcpSegment& segment);
  void reset_by_peer(TimePoint now);
  void die(int error);
  void enter_time_wait();

  void receive_syn_sent(TimePoint now, const TcpSegment& segment);
  bool receive_acknowledgment(TimePoint now, const TcpSegment& segment);
  void receive_fin();
  void refuse_data(const TcpSegment& segment);

  void expire_syn(TimePoint now);
  void expire_data(TimePoint now);
  void expire_refused(TimePoint now);
  bool timed_out(TimePoint now, int boundary, Duration base) const;

  TcpSettings settings_;
  const TickClock* ticks_;
  Identity identity_;
  SegmentSink* sink_;
  TcpState state_ = TcpState::closed;
  TcpSender sender_;
  TcpReceiver receiver_;
  RttEstimator rtt_;

  std::optional<CookieRequest> cookie_request_{};
  std::optional<CookieRequest> refused_cookie_{};
  bool passive_ = false;
  bool orphaned_ = false;  // the application has closed it
  bool receives_ = true;   // until it has shut the socket down or closed it
  std::uint8_t peer_scale_ = 0;
  bool use_timestamps_ = false;
  bool use_sack_ = false;
  bool use_scale_ = false;
  std::uint32_t echo_ = 0;  // the peer's latest timestamp

  Timer timer_ = Timer::none;
  TimePoint timer_at_{};
  Duration rto_ = rto_initial;
  int retransmits_ = 0;                              // timeouts in a row
  std::optional<TimePoint> first_retransmission_{};  // retrans_stamp
  TimePoint syn_at_{};
  bool probed_ = false;  // one tail loss probe an episode
  int refusals_ = 0;     // in a row, of data by our own host
  std::optional<TimePoint> delayed_ack_at_{};
  std::optional<SackBlock> duplicate_{};  // what just arrived once more: the acknowledgment says so
  int quick_acks_ = 16;
  int unacknowledged_segments_ = 0;

  int error_ = 0;
  int soft_error_ = 0;  // sk_err_soft
  bool error_queued_ = false;
};

}  // namespace hanglab::kernel
