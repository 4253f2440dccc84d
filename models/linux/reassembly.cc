#include "models/linux/reassembly.hh"

#include <algorithm>

namespace hanglab::kernel {

std::optional<Reassembly::Whole> Reassembly::add(const Ipv4Header& header,
                                                 std::span<const std::uint8_t> payload, TimePoint now) {
  const Key key{header.source, header.destination, header.protocol, header.identification};
  auto [at, is_new] = queues_.try_emplace(key);
  Queue& queue = at->second;
  if (is_new) queue.expires = now + timeout;

  const std::size_t from = header.fragment_offset;
  const std::size_t to = from + payload.size();
  const auto same = queue.pieces.find(from);
  if (same != queue.pieces.end() && same->second.size() == payload.size()) return {};
  if (overlaps(queue, from, to)) {
    queues_.erase(at);
    return {};
  }
  queue.pieces.emplace(from, std::vector<std::uint8_t>(payload.begin(), payload.end()));
  queue.largest = std::max(queue.largest, payload.size() + ipv4_header_size);
  if (from == 0) queue.first = header;
  if (!header.more_fragments) queue.length = to;
  if (!is_whole(queue)) return {};

  Whole whole{.header = queue.first, .largest = queue.largest};
  whole.header.more_fragments = false;
  for (const auto& [offset, piece] : queue.pieces)
    whole.payload.insert(whole.payload.end(), piece.begin(), piece.end());
  queues_.erase(at);
  return whole;
}

std::optional<TimePoint> Reassembly::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& [key, queue] : queues_)
    if (!first || queue.expires < *first) first = queue.expires;
  return first;
}

std::vector<std::vector<std::uint8_t>> Reassembly::expire(TimePoint now) {
  std::vector<std::vector<std::uint8_t>> given_up;
  std::erase_if(queues_, [&](const auto& entry) {
    const Queue& queue = entry.second;
    if (queue.expires > now) return false;
    if (const auto first = queue.pieces.find(0); first != queue.pieces.end())
      given_up.push_back(encode(queue.first, first->second));
    return true;
  });
  return given_up;
}

bool Reassembly::overlaps(const Queue& queue, std::size_t from, std::size_t to) {
  return std::ranges::any_of(queue.pieces, [&](const auto& piece) {
    return from < piece.first + piece.second.size() && piece.first < to;
  });
}

bool Reassembly::is_whole(const Queue& queue) {
  if (!queue.length) return false;
  std::size_t next = 0;
  for (const auto& [offset, piece] : queue.pieces) {
    if (offset != next) return false;
    next += piece.size();
  }
  return next == *queue.length;
}

}  // namespace hanglab::kernel
