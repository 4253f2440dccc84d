#include "replay/capture_reader.hh"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cstdio>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

// A packet crosses a host in microseconds; the soonest that a sender repeats itself is some 200 ms.
constexpr Duration copies_follow_within = 1ms;

// What nanoseconds in 63 bits can tell: until the year 2255.
constexpr std::int64_t latest_second = 9'000'000'000;

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

void CaptureReader::Close::operator()(pcap* handle) const { pcap_close(handle); }

CaptureReader::CaptureReader(const std::string& path) : path_(path) {
  std::array<char, PCAP_ERRBUF_SIZE> problem{};
  handle_.reset(
      pcap_open_offline_with_tstamp_precision(path.c_str(), PCAP_TSTAMP_PRECISION_NANO, problem.data()));
  if (!handle_) {
    // libpcap puts the path in front of some of its messages only.
    std::string_view text(problem.data());
    if (text.starts_with(path + ": ")) text.remove_prefix(path.size() + 2);
    throw InputError({.file = path}, std::string(text));
  }
  link_type_ = pcap_datalink(handle_.get());
  if (!link_type_is_known(link_type_)) {
    const char* name = pcap_datalink_val_to_name(link_type_);
    throw InputError({.file = path}, fmt::format("captures of link type {} ({}) cannot be read", link_type_,
                                                 name == nullptr ? "unnamed" : name));
  }
}

std::optional<CapturedPacket> CaptureReader::next() {
  for (;;) {
    pcap_pkthdr* header = nullptr;
    const u_char* data = nullptr;
    const int result = pcap_next_ex(handle_.get(), &header, &data);
    if (result == PCAP_ERROR_BREAK) return {};
    if (result != 1)
      throw Error(fmt::format("{}: damaged after packet {}, near byte {}: {}", path_, counts_.packets,
                              std::ftell(pcap_file(handle_.get())), pcap_geterr(handle_.get())));
    if (header->ts.tv_sec < 0 || header->ts.tv_sec > latest_second)
      throw Error(fmt::format("{}: damaged at packet {}: its time is {} s after 1970", path_,
                              counts_.packets + 1, header->ts.tv_sec));
    // With nanosecond precision asked for, tv_usec holds nanoseconds.
    const Duration at =
        std::chrono::seconds(header->ts.tv_sec) + std::chrono::nanoseconds(header->ts.tv_usec);
    if (++counts_.packets == 1) first_at_ = last_at_ = at;
    last_at_ = std::max(last_at_, at);
    if (auto packet = use({data, header->caplen}, header->caplen >= header->len, at)) return packet;
  }
}

std::optional<CapturedPacket> CaptureReader::use(ByteView frame, bool whole, Duration at) {
  const auto unusable = [](std::size_t& kind) -> std::optional<CapturedPacket> {
    ++kind;
    return {};
  };
  std::size_t& incomplete = whole ? counts_.unreadable : counts_.cut_short;
  const auto network = strip_link_layer(link_type_, frame);
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
  if (link_type_is_cooked(link_type_) && is_copy(network->bytes, at)) return unusable(counts_.copies);

  auto& packet = std::get<CapturedPacket>(read);
  packet.number = counts_.packets;
  packet.at = at;
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
