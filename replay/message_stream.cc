#include "replay/message_stream.hh"

#include <algorithm>
#include <utility>

#include "core/big_endian.hh"
#include "core/dns.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t length_size = 2;
// More than one message of the longest kind, and than most receive buffers; a hole behind it stays one.
constexpr std::size_t most_waiting = 128 * 1024;
// So far ahead is no segment of a stream that was followed (RFC 7323 scales windows up to 2^30).
constexpr std::int64_t farthest = std::int64_t{1} << 30;

constexpr std::uint16_t most_records = 4096;  // of the shortest, 16 octets each, in the longest message

// A length, alone or with a header behind it that a DNS message may have: of a known opcode, with a question
// at most.
bool looks_like_message(std::span<const std::uint8_t> octets) {
  if (octets.size() < length_size || get_u16(octets) < dns::header_size) return false;
  if (octets.size() == length_size) return true;
  if (octets.size() < length_size + dns::header_size) return false;
  const auto header = dns::decode_header(octets.subspan(length_size));
  const unsigned opcode = header->flags >> 11 & 0xfu;
  return opcode <= 6 && header->questions <= 1 && header->answers <= most_records &&
         header->authorities <= most_records && header->additionals <= most_records;
}

}  // namespace

void MessageStream::start_at(std::uint32_t sequence) {
  if (!first_) first_ = sequence;
}

// How far a sequence number is ahead of the next octet, modulo 2^32; negative: (partly) received before.
std::int64_t MessageStream::ahead_of_next(std::uint32_t sequence) const {
  const auto next = static_cast<std::uint32_t>(*first_ + received_);
  return static_cast<std::int32_t>(sequence - next);
}

void MessageStream::add(std::uint32_t sequence, std::span<const std::uint8_t> payload, std::size_t size) {
  if (size == 0) return;
  if (!first_) {
    first_ = sequence;
    searching_ = true;
  }
  const std::int64_t ahead = ahead_of_next(sequence);
  const std::int64_t end = ahead + static_cast<std::int64_t>(size);
  if (end <= 0 || ahead > farthest) return;

  std::vector<std::uint8_t> octets(payload.begin(), payload.end());
  octets.resize(size);
  if (ahead < 0) octets.erase(octets.begin(), octets.begin() - ahead);
  auto& slot = waiting_[received_ + static_cast<std::uint64_t>(ahead < 0 ? 0 : ahead)];
  if (slot.size() < octets.size()) {
    waiting_octets_ += octets.size() - slot.size();
    slot = std::move(octets);
  }
  take_waiting();
  while (waiting_octets_ > most_waiting) skip_hole();
}

void MessageStream::acknowledged(std::uint32_t sequence) {
  if (!first_) return;
  while (!waiting_.empty() &&
         ahead_of_next(sequence) >= static_cast<std::int64_t>(waiting_.begin()->first - received_))
    fill_hole();
}

void MessageStream::take_waiting() {
  while (!waiting_.empty() && waiting_.begin()->first <= received_) {
    const auto [at, segment] = std::move(*waiting_.begin());
    waiting_.erase(waiting_.begin());
    waiting_octets_ -= segment.size();
    const std::uint64_t known = received_ - at;
    if (known >= segment.size()) continue;
    drop_given();
    in_order_.insert(in_order_.end(), segment.begin() + static_cast<std::ptrdiff_t>(known), segment.end());
    received_ = at + segment.size();
    if (searching_) search();
  }
}

void MessageStream::fill_hole() {
  const std::uint64_t size = waiting_.begin()->first - received_;
  if (searching_ || size > most_waiting) return skip_hole();
  ++holes_;
  zeros_begin_ = in_order_.size();
  zeros_end_ = zeros_begin_ + size;
  in_order_.resize(zeros_end_);
  received_ += size;
  take_waiting();
}

void MessageStream::skip_hole() {
  ++holes_;
  drop_all();
  received_ = waiting_.begin()->first;
  searching_ = true;
  take_waiting();
}

// Drops what has come so far, unless it looks like the beginning of a message.
void MessageStream::search() {
  const auto octets = std::span(in_order_).subspan(given_);
  if (looks_like_message(octets)) {
    searching_ = false;
    return;
  }
  drop_all();
}

void MessageStream::drop_all() {
  skipped_ += in_order_.size() - given_;
  std::vector<std::uint8_t>().swap(in_order_);  // most streams are silent most of the time
  given_ = zeros_begin_ = zeros_end_ = 0;
}

void MessageStream::drop_given() {
  if (given_ < in_order_.size() && given_ < most_waiting) return;
  in_order_.erase(in_order_.begin(), in_order_.begin() + static_cast<std::ptrdiff_t>(given_));
  zeros_begin_ -= std::min(zeros_begin_, given_);
  zeros_end_ -= std::min(zeros_end_, given_);
  given_ = 0;
}

std::optional<std::vector<std::uint8_t>> MessageStream::next_message() {
  const auto octets = std::span(in_order_).subspan(given_);
  if (octets.size() < length_size) {
    if (octets.empty()) drop_all();
    return {};
  }
  // A length that was lost in a hole: on with what stands behind that.
  if (given_ < zeros_end_ && given_ + length_size > zeros_begin_) {
    skipped_ += zeros_end_ - given_;
    given_ = zeros_end_;
    searching_ = true;
    search();
    return searching_ ? std::nullopt : next_message();
  }
  if (get_u16(octets) == 0) {  // in an earlier one
    searching_ = true;
    drop_all();
    return {};
  }
  const std::size_t end = length_size + get_u16(octets);
  if (octets.size() < end) return {};
  std::vector<std::uint8_t> message(octets.begin() + length_size,
                                    octets.begin() + static_cast<std::ptrdiff_t>(end));
  given_ += end;
  return message;
}

}  // namespace hanglab::replay
