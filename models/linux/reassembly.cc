#include "models/linux/reassembly.hh"

#include <algorithm>

namespace hanglab::kernel {

namespace {

using Key = std::tuple<IpAddress, IpAddress, std::uint8_t, std::uint32_t>;

// What tells one fragment from another, whichever header has it.
struct Piece {
  Key key;
  std::size_t offset;
  bool more;
  std::size_t headers;  // bytes before the payload
};

Piece piece_of(const Ipv4Header& header) {
  return {.key = {header.source, header.destination, header.protocol, header.identification},
          .offset = header.fragment_offset,
          .more = header.more_fragments,
          .headers = ipv4_header_size};
}

// In IPv6 the protocol is no part of it.
Piece piece_of(const Ipv6Header& header) {
  const auto fragment = header.fragment.value_or(Ipv6Fragment{});
  return {.key = {header.source, header.destination, std::uint8_t{0}, fragment.identification},
          .offset = fragment.offset,
          .more = fragment.more,
          .headers = ipv6_header_size + ipv6_fragment_header_size};
}

void make_whole(Ipv4Header& header) { header.more_fragments = false; }
void make_whole(Ipv6Header& header) { header.fragment.reset(); }

}  // namespace

template <typename Header>
auto FragmentQueues<Header>::add(const Header& header, std::span<const std::uint8_t> payload, TimePoint now)
    -> std::optional<Whole> {
  const Piece piece = piece_of(header);
  auto [at, is_new] = queues_.try_emplace(piece.key);
  Queue& queue = at->second;
  if (is_new) queue.expires = now + timeout;

  const std::size_t from = piece.offset;
  const std::size_t to = from + payload.size();
  const auto same = queue.pieces.find(from);
  if (same != queue.pieces.end() && same->second.size() == payload.size()) return {};
  if (overlaps(queue, from, to)) {
    queues_.erase(at);
    return {};
  }
  queue.pieces.emplace(from, std::vector<std::uint8_t>(payload.begin(), payload.end()));
  queue.largest = std::max(queue.largest, payload.size() + piece.headers);
  if (from == 0) queue.first = header;
  if (!piece.more) queue.length = to;
  if (!is_whole(queue)) return {};

  Whole whole{.header = queue.first, .largest = queue.largest};
  make_whole(whole.header);
  for (const auto& [offset, bytes] : queue.pieces)
    whole.payload.insert(whole.payload.end(), bytes.begin(), bytes.end());
  queues_.erase(at);
  return whole;
}

template <typename Header>
std::optional<TimePoint> FragmentQueues<Header>::deadline() const {
  std::optional<TimePoint> first;
  for (const auto& [key, queue] : queues_)
    if (!first || queue.expires < *first) first = queue.expires;
  return first;
}

template <typename Header>
std::vector<std::vector<std::uint8_t>> FragmentQueues<Header>::expire(TimePoint now) {
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

template <typename Header>
bool FragmentQueues<Header>::overlaps(const Queue& queue, std::size_t from, std::size_t to) {
  return std::ranges::any_of(queue.pieces, [&](const auto& piece) {
    return from < piece.first + piece.second.size() && piece.first < to;
  });
}

template <typename Header>
bool FragmentQueues<Header>::is_whole(const Queue& queue) {
  if (!queue.length) return false;
  std::size_t next = 0;
  for (const auto& [offset, piece] : queue.pieces) {
    if (offset != next) return false;
    next += piece.size();
  }
  return next == *queue.length;
}

template class FragmentQueues<Ipv4Header>;
template class FragmentQueues<Ipv6Header>;

}  // namespace hanglab::kernel
