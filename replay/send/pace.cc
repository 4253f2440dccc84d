#include "replay/send/pace.hh"

#include <algorithm>

namespace hanglab::replay {

namespace {

Duration seconds(double value) { return std::chrono::round<Duration>(std::chrono::duration<double>(value)); }

}  // namespace

Duration Pace::due(Duration captured_at, std::size_t size) {
  if (first_at_ == no_time) {
    first_at_ = captured_at;
    loop_began_ = last_;
  }
  Duration due = last_;
  if (const auto* recorded = std::get_if<AsRecorded>(&kind_))
    due = loop_began_ + seconds(to_seconds(captured_at - first_at_) / recorded->speed);
  else if (const auto* packets = std::get_if<PacketsPerSecond>(&kind_))
    due = seconds(static_cast<double>(packets_) / packets->rate);
  else if (const auto* bits = std::get_if<BitsPerSecond>(&kind_))
    due = seconds(static_cast<double>(octets_) * 8 / bits->rate);
  ++packets_;
  octets_ += size;
  last_ = std::max(last_, due);
  return last_;
}

}  // namespace hanglab::replay
