#include "models/linux/tcp_receiver.hh"

#include <algorithm>

namespace hanglab::kernel {

namespace {
constexpr std::uint32_t full_window = 64240;  // 44 segments of 1460, as Linux offers first
}

std::uint32_t TcpReceiver::window() const {
  const auto unread = static_cast<std::uint32_t>(readable());
  return unread < full_window ? full_window - unread : 0;
}

TcpReceiver::Arrival TcpReceiver::arrive(const TcpSegment& segment) {
  const Sequence begin = segment.sequence;
  const Sequence end = begin + segment.length();
  if (segment.length() == 0) return Arrival::in_order;
  if (!after(end, next_)) return Arrival::duplicate;
  if (after(begin, next_ + window())) return Arrival::outside;
  if (segment.fin) {
    fin_known_ = true;
    fin_at_ = end - 1;
  }
  const bool in_order = !after(begin, next_);
  if (in_order)
    append(begin, segment.payload);
  else if (!segment.payload.empty())
    early_.try_emplace(begin, segment.payload);
  drain();
  return in_order ? Arrival::in_order : Arrival::out_of_order;
}

// Adds the part of a payload that is new; it begins at or before next_.
void TcpReceiver::append(Sequence at, std::span<const std::uint8_t> payload) {
  const std::uint32_t known = next_ - at;
  if (known >= payload.size()) return;
  const auto fresh = payload.subspan(known);
  stream_.insert(stream_.end(), fresh.begin(), fresh.end());
  next_ += static_cast<std::uint32_t>(fresh.size());
}

void TcpReceiver::drain() {
  for (auto it = early_.begin(); it != early_.end();) {
    if (after(it->first, next_)) {
      ++it;
      continue;
    }
    append(it->first, it->second);
    early_.erase(it);
    it = early_.begin();
  }
  if (fin_known_ && !finished_ && next_ == fin_at_) {
    finished_ = true;
    ++next_;
  }
}

std::size_t TcpReceiver::read(std::span<std::uint8_t> into) {
  const std::size_t count = std::min(into.size(), readable());
  std::copy_n(stream_.begin() + static_cast<std::ptrdiff_t>(taken_), count, into.begin());
  taken_ += count;
  if (taken_ == stream_.size()) {
    stream_.clear();
    taken_ = 0;
  }
  return count;
}

std::size_t TcpReceiver::sack_blocks(std::span<SackBlock> into) const {
  std::size_t count = 0;
  for (const auto& [begin, payload] : early_) {
    const Sequence end = begin + static_cast<std::uint32_t>(payload.size());
    if (count > 0 && into[count - 1].end == begin) {
      into[count - 1].end = end;
    } else if (count < into.size()) {
      into[count++] = {.begin = begin, .end = end};
    } else {
      break;
    }
  }
  return count;
}

}  // namespace hanglab::kernel
