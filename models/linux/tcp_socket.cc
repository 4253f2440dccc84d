#include "models/linux/tcp_socket.hh"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hanglab::kernel {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uint8_t our_window_scale = 7;  // from net.ipv4.tcp_rmem's maximum of 6 MiB
constexpr std::size_t timestamp_option_size = 12;
constexpr Duration delayed_ack = milliseconds(40);   // TCP_DELACK_MIN
constexpr std::uint16_t least_advertised_mss = 256;  // net.ipv4.route.min_adv_mss
constexpr std::uint16_t default_mss = 536;           // RFC 9293 3.7.1, where the peer names none

}  // namespace

TcpSocket::TcpSocket(const TcpSettings& settings, const TickClock& ticks, const Identity& identity,
                     SegmentSink& sink)
    : settings_(settings),
      ticks_(&ticks),
      identity_(identity),
      sink_(&sink),
      sender_(identity.initial_sequence) {}

// --- the application's side

void TcpSocket::connect(TimePoint now) {
  state_ = TcpState::syn_sent;
  syn_at_ = now;
  transmit_syn(now);
  arm(now, Timer::retransmit, rto_);
}

void TcpSocket::accept(TimePoint now, const TcpSegment& syn) {
  passive_ = true;
  state_ = TcpState::syn_received;
  syn_at_ = now;
  receiver_.synchronise(syn.sequence);
  learn_options(syn);
  transmit_syn(now);
  arm(now, Timer::retransmit, rto_);
}

void TcpSocket::write(TimePoint now, std::span<const std::uint8_t> bytes) {
  sender_.write(bytes);
  push(now);
}

std::size_t TcpSocket::read(TimePoint, std::span<std::uint8_t> into) { return receiver_.read(into); }

void TcpSocket::shutdown(TimePoint now) {
  receives_ = false;
  if (state_ != TcpState::established && state_ != TcpState::close_wait) return;
  state_ = state_ == TcpState::established ? TcpState::fin_wait_1 : TcpState::last_ack;
  sender_.finish();
  push(now);
}

void TcpSocket::close(TimePoint now) {
  orphaned_ = true;
  if (!connected()) {
    if (state_ != TcpState::closed) die(0);
  } else if (receiver_.readable() > 0 && state_ != TcpState::time_wait) {
    // Unread data is lost, and the peer must know (RFC 2525 2.17).
    TcpSegment reset = segment(now);
    reset.rst = true;
    sink_->transmit(reset);
    die(0);
  } else {
    shutdown(now);
  }
}

int TcpSocket::take_error() {
  const int error = error_;
  error_ = 0;
  return error;
}

int TcpSocket::take_any_error() {
  const int error = take_error();
  return error != 0 ? error : std::exchange(soft_error_, 0);
}

// --- sending

TcpSegment TcpSocket::segment(TimePoint now) const {
  TcpSegment out{.source_port = identity_.local.port,
                 .destination_port = identity_.remote.port,
                 .sequence = sender_.next(),
                 .acknowledgment = receiver_.next(),
                 .ack = true};
  out.window = static_cast<std::uint16_t>(
      std::min(receiver_.window() >> (use_scale_ ? our_window_scale : 0), 0xffffu));
  if (use_timestamps_) {
    const auto clock = std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count();
    out.timestamps = {.value = identity_.timestamp_offset + static_cast<std::uint32_t>(clock), .echo = echo_};
  }
  if (!use_sack_) return out;
  if (duplicate_) out.sack[out.sack_count++] = *duplicate_;
  out.sack_count += receiver_.sack_blocks(std::span(out.sack).subspan(out.sack_count));
  return out;
}

bool TcpSocket::transmit_syn(TimePoint now) {
  if (!passive_) {
    use_timestamps_ = settings_.timestamps;
    use_sack_ = settings_.sack;
    use_scale_ = settings_.window_scaling;
  }
  TcpSegment out = segment(now);
  out.syn = true;
  out.ack = passive_;
  out.sequence = identity_.initial_sequence;
  if (!passive_) out.acknowledgment = 0;
  out.mss = std::max(settings_.mss, least_advertised_mss);
  out.sack_permitted = use_sack_;
  if (retransmits_ == 0) out.cookie_request = cookie_request_;
  out.sack_count = 0;
  if (use_scale_) out.window_scale = our_window_scale;
  out.window = static_cast<std::uint16_t>(std::min(receiver_.window(), 0xffffu));  // never scaled in a SYN
  return sink_->transmit(out);
}

bool TcpSocket::transmit_flight(TimePoint now, const TcpSender::Flight& flight) {
  TcpSegment out = segment(now);
  out.sequence = flight.begin;
  out.payload = flight.payload;
  out.fin = flight.fin;
  out.psh = !flight.payload.empty() && flight.end() == sender_.next();
  delayed_ack_at_.reset();  // the segment carries the acknowledgment
  unacknowledged_segments_ = 0;
  return sink_->transmit(out);
}

void TcpSocket::acknowledge_now(TimePoint now) {
  delayed_ack_at_.reset();
  unacknowledged_segments_ = 0;
  sink_->transmit(segment(now));
}

void TcpSocket::acknowledge_data(TimePoint now, TcpReceiver::Arrival arrival) {
  ++unacknowledged_segments_;
  const bool at_once =
      arrival != TcpReceiver::Arrival::in_order || quick_acks_ > 0 || unacknowledged_segments_ >= 2;
  if (quick_acks_ > 0) --quick_acks_;
  if (at_once)
    acknowledge_now(now);
  else if (!delayed_ack_at_)
    delayed_ack_at_ = ticks_->expiry(now, ticks_->to_jiffies(delayed_ack));
}

void TcpSocket::push(TimePoint now) {
  if (!connected()) return;
  bool sent = false;
  while (const auto* flight = sender_.next_to_send(now)) {
    const bool first_time = !flight->retransmitted;
    if (!transmit_flight(now, *flight) && first_time) {
      sender_.take_back();
      if (!sender_.outstanding() && timer_ != Timer::refused) arm(now, Timer::refused, rto_);
      break;
    }
    sent = true;
  }
  if (sent && timer_ != Timer::reorder) arm_for_outstanding(now);
}

// --- timers

void TcpSocket::arm(TimePoint now, Timer timer, Duration delay) {
  timer_ = timer;
  timer_at_ = ticks_->expiry(now, ticks_->to_jiffies(delay));
}

// The kernel keeps timeouts in whole jiffies, and doubles those.
Duration TcpSocket::measured_timeout() const { return ticks_->to_jiffies(rtt_.timeout()) * ticks_->tick(); }

// A tail loss probe where one may help, else the retransmission timeout (RFC 8985 7.2).
void TcpSocket::arm_for_outstanding(TimePoint now) {
  if (!sender_.outstanding()) {
    timer_ = Timer::none;
    return;
  }
  const auto smoothed = rtt_.smoothed();
  const bool may_probe = use_sack_ && !probed_ && retransmits_ == 0 && !sender_.anything_sacked_or_lost();
  if (!may_probe) return arm(now, Timer::retransmit, rto_);
  Duration probe = rto_initial;
  if (smoothed) probe = 2 * *smoothed + (sender_.outstanding_count() == 1 ? rto_min : 2 * ticks_->tick());
  arm(now, Timer::loss_probe, std::min(probe, rto_));
}

std::optional<TimePoint> TcpSocket::deadline() const {
  std::optional<TimePoint> earliest = delayed_ack_at_;
  if (timer_ != Timer::none && (!earliest || timer_at_ < *earliest)) earliest = timer_at_;
  return earliest;
}

void TcpSocket::expire(TimePoint now) {
  if (delayed_ack_at_ && *delayed_ack_at_ <= now) acknowledge_now(now);
  if (timer_ == Timer::none || timer_at_ > now) return;
  if (state_ == TcpState::syn_sent || state_ == TcpState::syn_received)
    expire_syn(now);
  else
    expire_data(now);
}

// Whether giving up is due by time: as long as `boundary` timeouts starting at `base` and doubling
// would take (tcp_model_timeout).
bool TcpSocket::timed_out(TimePoint now, int boundary, Duration base) const {
  if (retransmits_ == 0) return false;
  int doublings = 0;  // ilog2 of rto_max / base
  while (base * (2 << doublings) <= rto_max) ++doublings;
  const Duration limit = boundary <= doublings
                             ? ((2 << boundary) - 1) * base
                             : ((2 << doublings) - 1) * base + (boundary - doublings) * rto_max;
  const bool is_syn = state_ == TcpState::syn_sent || state_ == TcpState::syn_received;
  const TimePoint since = is_syn ? syn_at_ : first_retransmission_.value_or(now);
  return now - since >= limit;
}

void TcpSocket::expire_syn(TimePoint now) {
  const int retries = passive_ ? settings_.synack_retries : settings_.syn_retries;
  const int linear = passive_ ? 0 : settings_.syn_linear_timeouts;
  if (retransmits_ >= retries + linear || (!passive_ && timed_out(now, retries, rto_initial))) {
    die(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
    return;
  }
  ++retransmits_;
  sink_->timed_out();
  if (retransmits_ > linear) rto_ = std::min(2 * rto_, rto_max);
  // A SYN+ACK that cannot be sent again is forgotten with its request (reqsk_timer_handler).
  if (!transmit_syn(now) && passive_) return die(0);
  arm(now, Timer::retransmit, rto_);
}

void TcpSocket::expire_data(TimePoint now) {
  switch (timer_) {
    case Timer::reorder:
      timer_ = Timer::none;
      if (const auto again = sender_.detect_losses(now, rtt_.smoothed().value_or(Duration(0)))) {
        timer_ = Timer::reorder;
        timer_at_ = *again;
      }
      push(now);
      if (timer_ == Timer::none) arm_for_outstanding(now);
      return;
    case Timer::loss_probe: {
      probed_ = true;
      const auto* flight = sender_.next_to_send(now);
      if (!flight) flight = sender_.resend_newest(now);
      if (flight) {
        if (flight->retransmitted && !first_retransmission_) first_retransmission_ = now;
        transmit_flight(now, *flight);
      }
      arm(now, Timer::retransmit, rto_);
      return;
    }
    case Timer::retransmit: {
      const int boundary = orphaned_ ? settings_.orphan_retries : settings_.retries2;
      if (timed_out(now, boundary, rto_min)) {
        die(soft_error_ != 0 ? soft_error_ : ETIMEDOUT);
        return;
      }
      sender_.timeout();
      ++retransmits_;
      sink_->timed_out();
      if (!first_retransmission_) first_retransmission_ = now;
      if (const auto* flight = sender_.resend_oldest(now)) transmit_flight(now, *flight);
      rto_ = std::min(2 * rto_, rto_max);
      arm(now, Timer::retransmit, rto_);
      return;
    }
    case Timer::refused: return expire_refused(now);
    case Timer::none: return;
  }
}

// Data that our own host would not send (tcp_probe_timer): tried again after 0.2 s, doubled each time.
void TcpSocket::expire_refused(TimePoint now) {
  if (refusals_ >= settings_.retries2) return die(ETIMEDOUT);
  const auto* flight = sender_.next_to_send(now);
  if (!flight) {
    timer_ = Timer::none;
    return;
  }
  if (transmit_flight(now, *flight)) {
    refusals_ = 0;
    timer_ = Timer::none;
    push(now);
    return arm_for_outstanding(now);
  }
  sender_.take_back();
  ++refusals_;
  arm(now, Timer::refused, std::min(rto_ * (std::int64_t{1} << std::min(refusals_, 20)), rto_max));
}

// --- receiving

void TcpSocket::learn_options(const TcpSegment& syn) {
  use_timestamps_ = settings_.timestamps && syn.timestamps.has_value();
  use_sack_ = settings_.sack && syn.sack_permitted;
  use_scale_ = settings_.window_scaling && syn.window_scale.has_value();
  peer_scale_ = use_scale_ ? std::min<std::uint8_t>(*syn.window_scale, 14) : std::uint8_t{0};
  if (syn.timestamps) echo_ = syn.timestamps->value;
  const std::size_t mss = std::min(syn.mss.value_or(default_mss), settings_.mss);
  sender_.set_segment_size(mss - (use_timestamps_ ? timestamp_option_size : 0));
  sender_.set_window(syn.window);
}

void TcpSocket::die(int error) {
  state_ = TcpState::closed;
  timer_ = Timer::none;
  delayed_ack_at_.reset();
  if (error != 0) error_ = error;
}

void TcpSocket::enter_time_wait() {
  state_ = TcpState::time_wait;
  timer_ = Timer::none;
}

void TcpSocket::reset_by_peer(TimePoint) { die(state_ == TcpState::close_wait ? EPIPE : ECONNRESET); }

void TcpSocket::icmp_error(TimePoint, int error, bool locked) {
  const bool connecting = state_ == TcpState::syn_sent || state_ == TcpState::syn_received;
  if (connecting && settings_.queues_syn_errors) error_queued_ = true;
  if (connecting && !locked)
    die(error);
  else
    soft_error_ = error;
}

void TcpSocket::receive_syn_sent(TimePoint now, const TcpSegment& segment) {
  const bool acceptable = segment.ack && segment.acknowledgment == identity_.initial_sequence + 1;
  if (segment.rst) {
    if (acceptable) die(ECONNREFUSED);
    return;
  }
  if (!segment.syn || !acceptable) return;
  receiver_.synchronise(segment.sequence);
  learn_options(segment);
  if (retransmits_ == 0) {
    rtt_.sample(now - syn_at_);
    refused_cookie_ = cookie_request_;
  }
  state_ = TcpState::established;
  timer_ = Timer::none;
  retransmits_ = 0;
  rto_ = measured_timeout();
  acknowledge_now(now);
}

// Returns false when the segment says nothing that we could use.
bool TcpSocket::receive_acknowledgment(TimePoint now, const TcpSegment& segment) {
  sender_.set_window(static_cast<std::uint32_t>(segment.window) << peer_scale_);
  const auto acknowledged = sender_.acknowledge(now, segment);
  if (acknowledged.rtt) rtt_.sample(*acknowledged.rtt);
  if (acknowledged.anything) {
    retransmits_ = 0;
    probed_ = false;
    first_retransmission_.reset();
    soft_error_ = 0;
    rto_ = measured_timeout();
    if (timer_ != Timer::refused) timer_ = Timer::none;
  }
  if (const auto again = sender_.detect_losses(now, rtt_.smoothed().value_or(Duration(0)))) {
    timer_ = Timer::reorder;
    timer_at_ = *again;
  }
  push(now);
  if (timer_ == Timer::none) arm_for_outstanding(now);

  if (sender_.fin_acknowledged()) {
    if (state_ == TcpState::fin_wait_1) state_ = TcpState::fin_wait_2;
    if (state_ == TcpState::closing) enter_time_wait();
    if (state_ == TcpState::last_ack) {
      die(0);
      return false;
    }
  }
  return true;
}

// Data that nobody can read any more (tcp_rcv_state_process, LINUX_MIB_TCPABORTONDATA; RFC 1122 4.2.2.13).
void TcpSocket::refuse_data(const TcpSegment& segment) {
  sink_->transmit({.source_port = identity_.local.port,
                   .destination_port = identity_.remote.port,
                   .sequence = segment.acknowledgment,
                   .rst = true});
  die(ECONNRESET);
}

void TcpSocket::receive_fin() {
  switch (state_) {
    case TcpState::established: state_ = TcpState::close_wait; break;
    case TcpState::fin_wait_1: state_ = TcpState::closing; break;
    case TcpState::fin_wait_2: enter_time_wait(); break;
    default: break;
  }
}

void TcpSocket::receive(TimePoint now, const TcpSegment& segment) {
  if (state_ == TcpState::closed) return;
  if (state_ == TcpState::syn_sent) return receive_syn_sent(now, segment);
  if (segment.rst) {
    if (segment.sequence == receiver_.next()) reset_by_peer(now);
    return;
  }
  if (segment.syn) {  // our SYN+ACK was lost, or our ACK of theirs
    if (state_ == TcpState::syn_received && !segment.ack)
      transmit_syn(now);
    else
      acknowledge_now(now);
    return;
  }
  if (!segment.ack) return;
  if (segment.timestamps) echo_ = segment.timestamps->value;
  if (state_ == TcpState::syn_received) {
    if (segment.acknowledgment != identity_.initial_sequence + 1) return;
    if (retransmits_ == 0) rtt_.sample(now - syn_at_);
    state_ = TcpState::established;
    retransmits_ = 0;
    rto_ = measured_timeout();
    timer_ = Timer::none;
  }
  if (!receive_acknowledgment(now, segment)) return;
  if (segment.length() == 0) return;
  if (!receives_ && after(segment.payload_end(), receiver_.next())) return refuse_data(segment);
  const bool had_finished = receiver_.finished();
  const auto arrival = receiver_.arrive(segment);
  const bool fin_reached = receiver_.finished() && !had_finished;
  if (arrival == TcpReceiver::Arrival::duplicate)
    duplicate_ = {.begin = segment.sequence, .end = segment.sequence + segment.length()};
  if (fin_reached) receive_fin();
  // What is refused goes to the firewall again, before an acknowledgment of its own: that counts as sent with
  // it, even if nothing leaves (tcp_data_snd_check; __tcp_transmit_skb clears it ahead of the IP layer).
  if (timer_ == Timer::refused) return push(now);
  const bool wait_for_reply = fin_reached && state_ == TcpState::close_wait && segment.payload.empty();
  if (wait_for_reply)  // the application will close at once, and its FIN carries the acknowledgment
    delayed_ack_at_ = ticks_->expiry(now, ticks_->to_jiffies(delayed_ack));
  else
    acknowledge_data(now, arrival);
  duplicate_.reset();
}

}  // namespace hanglab::kernel
