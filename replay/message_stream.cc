#include "replay/message_stream.hh"

#include <utility>

#include "core/big_endian.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t length_size = 2;

}  // namespace

void MessageStream::start_at(std::uint32_t sequence) {
  if (!first_) first_ = sequence;
}

void MessageStream::add(std::uint32_t sequence, std::span<const std::uint8_t> payload, std::size_t size) {
  if (size == 0) return;
  start_at(sequence);

  // How far ahead of the next octet it is, modulo 2^32; negative: (partly) received before.
  const auto next = static_cast<std::uint32_t>(*first_ + received_);
  const std::int64_t ahead = static_cast<std::int32_t>(sequence - next);
  const std::int64_t end = ahead + static_cast<std::int64_t>(size);
  if (end <= 0) return;

  std::vector<std::uint8_t> octets(payload.begin(), payload.end());
  octets.resize(size);
  if (ahead < 0) octets.erase(octets.begin(), octets.begin() - ahead);
  auto& slot = waiting_[received_ + static_cast<std::uint64_t>(ahead < 0 ? 0 : ahead)];
  if (slot.size() < octets.size()) slot = std::move(octets);

  while (!waiting_.empty() && waiting_.begin()->first <= received_) {
    const auto [at, segment] = std::move(*waiting_.begin());
    waiting_.erase(waiting_.begin());
    const std::uint64_t known = received_ - at;
    if (known >= segment.size()) continue;
    in_order_.insert(in_order_.end(), segment.begin() + static_cast<std::ptrdiff_t>(known), segment.end());
    received_ = at + segment.size();
  }
}

std::optional<std::vector<std::uint8_t>> MessageStream::next_message() {
  if (in_order_.size() < length_size) return {};
  const std::size_t end = length_size + get_u16(in_order_);
  if (in_order_.size() < end) return {};
  const auto after = in_order_.begin() + static_cast<std::ptrdiff_t>(end);
  std::vector<std::uint8_t> message(in_order_.begin() + length_size, after);
  in_order_.erase(in_order_.begin(), after);
  return message;
}

}  // namespace hanglab::replay
