#include "models/netfilter/hashlimit.hh"

#include <algorithm>
#include <bit>
#include <limits>

namespace hanglab::kernel {

namespace {

// The most credits a tick that let a day's worth of them fit into 64 bits, as a power of two.
std::uint64_t credits_per_jiffy(int hz) {
  constexpr std::uint64_t day = 24u * 60 * 60;
  return std::bit_floor(std::numeric_limits<std::uint64_t>::max() / (static_cast<std::uint64_t>(hz) * day));
}

// The ticks from one sweep to the next. Sweeps are at whole buckets of the timer wheel, and the timer of the
// next is armed as one is done: so the delay is rounded up to the next bucket, a whole one further if it is
// one.
struct Beat {
  std::int64_t bucket = 1;
  std::int64_t period = 1;
};

Beat beat_of(std::int64_t delay) {
  constexpr std::int64_t wheel_level = 63;
  std::int64_t bucket = 1;
  for (auto reach = wheel_level; delay >= reach; reach *= 8) bucket *= 8;
  return {.bucket = bucket, .period = (delay / bucket + 1) * bucket};
}

bool has_ports(std::uint8_t number) {
  constexpr std::uint8_t dccp = 33, sctp = 132, udplite = 136;
  return number == protocol::tcp || number == protocol::udp || number == dccp || number == sctp ||
         number == udplite;
}

constexpr std::uint8_t esp = 50, ah = 51;

// Where a protocol has its ports, or the SPI that stands for them; nothing if it has none.
std::optional<std::size_t> ports_offset(std::uint8_t number) {
  if (has_ports(number) || number == esp) return 0;
  if (number == ah) return 4;
  return {};
}

}  // namespace

HashlimitTable::HashlimitTable(const HashlimitConfig& config, int hz, Random& random)
    : config_(config), hz_(hz), credits_per_jiffy_(credits_per_jiffy(hz)) {
  // Divided before it is multiplied, so that a second's credits are a little less than it takes to earn them.
  const std::uint64_t scale = static_cast<std::uint64_t>(hz) * credits_per_jiffy_ / HashlimitConfig::scale;
  cost_ = config.average * scale;
  cap_ = config.average * config.burst * scale;
  const Beat beat = beat_of(to_jiffies(config.gc_interval));
  sweep_period_ = beat.period;
  const auto beats = static_cast<std::uint64_t>(beat.period / beat.bucket);
  swept_ = static_cast<std::int64_t>(random.below(beats)) * beat.bucket - beat.period;
}

std::optional<bool> HashlimitTable::below(const PacketHeaders& packet, std::int64_t jiffies) {
  const auto key = key_of(packet);
  if (!key) return {};
  sweep(jiffies);
  auto found = buckets_.find(*key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= config_.max) return {};
    found = buckets_.emplace(*key, Bucket{.previous = jiffies, .credit = cap_}).first;
  }
  Bucket& bucket = found->second;
  bucket.expires = jiffies + to_jiffies(config_.expire);
  const auto earned = static_cast<std::uint64_t>(jiffies - bucket.previous) * credits_per_jiffy_;
  bucket.credit = std::min(bucket.credit + earned, cap_);
  bucket.previous = jiffies;
  if (bucket.credit < cost_) return false;
  bucket.credit -= cost_;
  return true;
}

std::optional<HashlimitTable::Key> HashlimitTable::key_of(const PacketHeaders& packet) const {
  Key key;
  if (config_.by_source) key.source = packet.source & prefix_mask(config_.source_mask);
  if (config_.by_destination) key.destination = packet.destination & prefix_mask(config_.destination_mask);
  if (!config_.by_source_port && !config_.by_destination_port) return key;
  const auto offset = ports_offset(packet.protocol);
  if (!offset) return key;
  // The kernel reads these four bytes in a later fragment too, where they are data.
  if (packet.payload.size() < *offset + 4) return {};
  if (config_.by_source_port) key.source_port = packet.word(*offset);
  if (config_.by_destination_port) key.destination_port = packet.word(*offset + 2);
  return key;
}

std::int64_t HashlimitTable::to_jiffies(std::uint32_t milliseconds) const {
  return (std::int64_t{milliseconds} * hz_ + 999) / 1000;
}

// Only what the last sweep until now did matters: nobody looked in between.
void HashlimitTable::sweep(std::int64_t jiffies) {
  const auto last = swept_ + (jiffies - swept_) / sweep_period_ * sweep_period_;
  if (last == swept_) return;
  swept_ = last;
  std::erase_if(buckets_, [&](const auto& entry) { return entry.second.expires <= last; });
}

}  // namespace hanglab::kernel
