#include "models/linux/tcp_sender.hh"

#include <algorithm>

namespace hanglab::kernel {

// A small run waits while another small one is on its way (Minshall).
bool TcpSender::nagle_holds(std::size_t size) const {
  return size < segment_size_ && !fin_queued_ && small_end_ && after(*small_end_, oldest_);
}

const TcpSender::Flight* TcpSender::send_again(Flight& flight, TimePoint now) {
  flight.sent_at = now;
  flight.retransmitted = true;
  flight.lost = false;
  return &flight;
}

const TcpSender::Flight* TcpSender::next_to_send(TimePoint now) {
  const auto in_flight = static_cast<std::size_t>(
      std::count_if(flights_.begin(), flights_.end(), [](const Flight& f) { return !f.lost && !f.sacked; }));
  if (in_flight >= congestion_window_) return nullptr;
  const auto lost = std::find_if(flights_.begin(), flights_.end(), [](const Flight& f) { return f.lost; });
  if (lost != flights_.end()) return send_again(*lost, now);

  if (queue_.empty() && !fin_queued_) return nullptr;
  const std::uint32_t room = oldest_ + window_ - next_;
  const std::size_t size = std::min({queue_.size(), segment_size_, static_cast<std::size_t>(room)});
  if (size == 0 && !queue_.empty()) return nullptr;
  if (size > 0 && nagle_holds(size)) return nullptr;

  Flight flight{.begin = next_, .sent_at = now};
  const auto cut = queue_.begin() + static_cast<std::ptrdiff_t>(size);
  flight.payload.assign(queue_.begin(), cut);
  queue_.erase(queue_.begin(), cut);
  flight.fin = fin_queued_ && queue_.empty();
  if (flight.fin) {
    fin_queued_ = false;
    fin_sent_ = true;
  }
  next_ = flight.end();
  if (size > 0 && size < segment_size_) small_end_ = next_;
  flights_.push_back(std::move(flight));
  return &flights_.back();
}

void TcpSender::take_back() {
  const Flight& flight = flights_.back();
  queue_.insert(queue_.begin(), flight.payload.begin(), flight.payload.end());
  if (flight.fin) {
    fin_queued_ = true;
    fin_sent_ = false;
  }
  if (small_end_ == next_) small_end_.reset();
  next_ = flight.begin;
  flights_.pop_back();
}

const TcpSender::Flight* TcpSender::resend_oldest(TimePoint now) {
  return flights_.empty() ? nullptr : send_again(flights_.front(), now);
}

const TcpSender::Flight* TcpSender::resend_newest(TimePoint now) {
  return flights_.empty() ? nullptr : send_again(flights_.back(), now);
}

TcpSender::Acknowledged TcpSender::acknowledge(TimePoint now, const TcpSegment& segment) {
  Acknowledged result;
  const auto note_arrival = [&](const Flight& flight) {
    if (!latest_arrival_ || flight.sent_at > *latest_arrival_) latest_arrival_ = flight.sent_at;
    if (!flight.retransmitted) result.rtt = now - flight.sent_at;
  };
  const Sequence acknowledged = segment.acknowledgment;
  if (after(acknowledged, oldest_) && !after(acknowledged, next_)) {
    oldest_ = acknowledged;
    result.anything = true;
    while (!flights_.empty() && !after(flights_.front().end(), acknowledged)) {
      if (!flights_.front().sacked) note_arrival(flights_.front());
      flights_.pop_front();
      if (congestion_window_ < slow_start_threshold_) {
        ++congestion_window_;
      } else if (++acknowledged_in_window_ >= congestion_window_) {
        acknowledged_in_window_ = 0;
        ++congestion_window_;
      }
    }
    if (recovery_end_ && !before(oldest_, *recovery_end_)) recovery_end_.reset();
  }
  for (std::size_t i = 0; i < segment.sack_count; ++i)
    for (Flight& flight : flights_)
      if (!flight.sacked && !before(flight.begin, segment.sack[i].begin) &&
          !after(flight.end(), segment.sack[i].end)) {
        flight.sacked = true;
        flight.lost = false;
        note_arrival(flight);
      }
  return result;
}

std::optional<TimePoint> TcpSender::detect_losses(TimePoint now, Duration rtt) {
  if (!latest_arrival_) return {};
  std::optional<TimePoint> again;
  bool newly_lost = false;
  for (Flight& flight : flights_) {
    if (flight.sacked || flight.lost || flight.sent_at >= *latest_arrival_) continue;
    const TimePoint deadline = flight.sent_at + rtt + rtt / 4;
    if (deadline <= now) {
      flight.lost = newly_lost = true;
    } else if (!again || deadline < *again) {
      again = deadline;
    }
  }
  if (newly_lost && !recovery_end_) {
    recovery_end_ = next_;
    slow_start_threshold_ = std::max<std::size_t>(2, congestion_window_ / 2);
    congestion_window_ = slow_start_threshold_;
  }
  return again;
}

void TcpSender::timeout() {
  for (Flight& flight : flights_) flight.lost = !flight.sacked;
  slow_start_threshold_ = std::max<std::size_t>(2, congestion_window_ / 2);
  congestion_window_ = 1;
  acknowledged_in_window_ = 0;
  recovery_end_ = next_;
}

bool TcpSender::anything_sacked_or_lost() const {
  return std::any_of(flights_.begin(), flights_.end(), [](const Flight& f) { return f.sacked || f.lost; });
}

}  // namespace hanglab::kernel
