#include "replay/copy_filter.hh"

#include <array>
#include <cstring>
#include <string_view>

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;
using ByteView = std::span<const std::uint8_t>;

// A packet crosses a host in microseconds; the soonest that a sender repeats itself is some 200 ms.
constexpr Duration copies_follow_within = 1ms;
constexpr std::size_t most_recent = 20'000;  // more a millisecond is no host's work

constexpr std::size_t longest_changed = 12;

std::uint64_t hash_of(std::string_view text) { return std::hash<std::string_view>{}(text); }

std::string_view text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The packet without what a router changes on its way.
std::uint64_t unrouted_hash(ByteView packet) {
  if (packet.size() < longest_changed) return hash_of(text_of(packet));
  std::array<std::uint8_t, longest_changed> front{};
  std::memcpy(front.data(), packet.data(), front.size());
  const bool v6 = front[0] >> 4 == 6;
  if (v6)
    front[7] = 0;
  else
    front[8] = front[10] = front[11] = 0;
  const std::uint64_t rest = hash_of(text_of(packet.subspan(front.size())));
  return hash_of(text_of(front)) * 0x9e37'79b9'7f4a'7c15u ^ rest;
}

}  // namespace

bool CopyFilter::is_copy(ByteView packet, std::uint32_t interface, bool any_interface, Duration at) {
  while (!recent_.empty() &&
         (recent_.front().at + copies_follow_within < at || recent_.size() >= most_recent)) {
    interface_of_.erase(recent_.front().hash);
    recent_.pop_front();
  }
  const std::uint64_t hash = unrouted_hash(packet);
  const auto [known, is_new] = interface_of_.try_emplace(hash, interface);
  if (!is_new) return any_interface || known->second != interface;
  recent_.push_back({at, hash});
  return false;
}

}  // namespace hanglab::replay
