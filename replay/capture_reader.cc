#include "replay/capture_reader.hh"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

// A packet crosses a host in microseconds; the soonest that a sender repeats itself is some 200 ms.
constexpr Duration copies_follow_within = 1ms;

constexpr std::size_t ip_ttl_at = 8;
constexpr std::size_t ip_checksum_at = 10;

// The packet without what a router changes on its way.
std::vector<std::uint8_t> unrouted(ByteView packet) {
  std::vector<std::uint8_t> bytes(packet.begin(), packet.end());
  if (bytes.size() >= ip_checksum_at + 2)
    bytes[ip_ttl_at] = bytes[ip_checksum_at] = bytes[ip_checksum_at + 1] = 0;
  return bytes;
}

}  // namespace

CaptureReader::CaptureReader(const std::string& path) : frames_(path) {
  const auto link_type = frames_.link_type();
  if (!link_type || link_type_is_known(*link_type)) return;
  const char* name = pcap_datalink_val_to_name(*link_type);
  throw InputError({.file = path}, fmt::format("captures of link type {} ({}) cannot be read", *link_type,
                                               name == nullptr ? "unnamed" : name));
}

std::optional<CapturedPacket> CaptureReader::next() {
  while (frames_.next(frame_)) {
    if (++counts_.packets == 1) first_at_ = last_at_ = frame_.at;
    last_at_ = std::max(last_at_, frame_.at);
    if (auto packet = use(frame_)) return packet;
  }
  return {};
}

std::optional<CapturedPacket> CaptureReader::use(const CapturedFrame& frame) {
  const auto unusable = [](std::size_t& kind) -> std::optional<CapturedPacket> {
    ++kind;
    return {};
  };
  if (!link_type_is_known(frame.link_type)) return unusable(counts_.unknown_link_type);
  std::size_t& incomplete = frame.bytes.size() >= frame.size ? counts_.unreadable : counts_.cut_short;
  const auto network = strip_link_layer(frame.link_type, frame.bytes);
  if (!network) return unusable(incomplete);
  if (network->ethertype == ethertype_ipv6) return unusable(counts_.ipv6);
  if (network->ethertype != ethertype_ipv4) return unusable(counts_.not_ip);

  auto read = read_ipv4(network->bytes);
  if (const auto* why = std::get_if<Unusable>(&read)) {
    switch (*why) {
      case Unusable::unreadable: return unusable(incomplete);
      case Unusable::fragment: return unusable(counts_.fragments);
      case Unusable::not_dns: return unusable(counts_.not_dns);
    }
  }
  if (link_type_is_cooked(frame.link_type) && is_copy(network->bytes, frame.at))
    return unusable(counts_.copies);

  auto& packet = std::get<CapturedPacket>(read);
  packet.number = counts_.packets;
  packet.at = frame.at;
  ++counts_.used;
  if (packet.payload.size() < packet.payload_size) ++counts_.used_in_part;
  return std::move(packet);
}

bool CaptureReader::is_copy(ByteView packet, Duration at) {
  while (!recent_.empty() && recent_.front().at + copies_follow_within < at) recent_.pop_front();
  auto bytes = unrouted(packet);
  if (std::ranges::find(recent_, bytes, &Recent::bytes) != recent_.end()) return true;
  recent_.push_back({at, std::move(bytes)});
  return false;
}

}  // namespace hanglab::replay
