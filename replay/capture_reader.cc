#include "replay/capture_reader.hh"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <utility>

#include "core/error.hh"
#include "replay/ip_checksum.hh"

namespace hanglab::replay {

CaptureReader::CaptureReader(const std::string& path, FrameSelectionOptions selection)
    : frames_(path), selection_(std::move(selection)), several_interfaces_(!frames_.link_type()) {
  const auto link_type = frames_.link_type();
  if (!link_type || link_type_is_known(*link_type)) return;
  const char* name = pcap_datalink_val_to_name(*link_type);
  throw InputError({.file = path}, fmt::format("captures of link type {} ({}) cannot be read", *link_type,
                                               name == nullptr ? "unnamed" : name));
}

CaptureReader::Step CaptureReader::step(CapturedPacket& packet) {
  if (selection_.done() || !frames_.next(frame_)) return Step::end;
  if (!selection_.wants(frame_)) return Step::nothing;
  if (++counts_.packets == 1) first_at_ = last_at_ = frame_.at;
  last_at_ = std::max(last_at_, frame_.at);
  if (!use(frame_, packet)) return Step::nothing;
  packet.number = frame_.number;
  packet.at = frame_.at;
  return Step::packet;
}

std::optional<CapturedPacket> CaptureReader::next() {
  CapturedPacket packet;
  for (;;) switch (step(packet)) {
      case Step::packet: return packet;
      case Step::nothing: break;
      case Step::end: return {};
    }
}

CaptureCounts CaptureReader::counts() const {
  CaptureCounts counts = counts_;
  counts.fragments += reassembler_.unassembled();
  return counts;
}

bool CaptureReader::use(const CapturedFrame& frame, CapturedPacket& packet) {
  const auto unusable = [](std::size_t& kind) {
    ++kind;
    return false;
  };
  if (!link_type_is_known(frame.link_type)) return unusable(counts_.unknown_link_type);
  const auto network = strip_link_layer(frame.link_type, frame.bytes);
  if (!network) return unusable(frame.bytes.size() < frame.size ? counts_.cut_short : counts_.unreadable);
  if (network->ethertype != ethertype_ipv4 && network->ethertype != ethertype_ipv6)
    return unusable(counts_.not_ip);
  return use_ip(frame, network->bytes, packet);
}

bool CaptureReader::use_ip(const CapturedFrame& frame, ByteView bytes, CapturedPacket& packet) {
  const auto found = find_ip_layout(bytes, IpExtent::headers);
  const auto* layout = std::get_if<IpLayout>(&found);
  if (layout == nullptr) {
    const bool cut = frame.bytes.size() < frame.size;
    ++(cut ? counts_.cut_short : counts_.unreadable);
    return false;
  }
  const bool cooked = link_type_is_cooked(frame.link_type);
  const auto is_copy = [&] {
    if (!cooked && !several_interfaces_) return false;
    if (!copies_.is_copy(bytes, frame.interface, cooked, frame.at)) return false;
    ++counts_.copies;
    return true;
  };
  if (!layout->fragment) {
    const auto why = read_packet(bytes, *layout, packet);
    if (!why && is_copy()) return false;
    return take(why, bytes, *layout, 1, packet);
  }
  if (is_copy()) return false;
  const auto whole = reassembler_.add(bytes, *layout, frame.at);
  if (!whole) return false;
  const auto found_whole = find_ip_layout(whole->packet, IpExtent::headers);
  if (const auto* whole_layout = std::get_if<IpLayout>(&found_whole))
    return take(read_packet(whole->packet, *whole_layout, packet), whole->packet, *whole_layout,
                whole->fragments, packet);
  counts_.unreadable += whole->fragments;
  return false;
}

bool CaptureReader::take(std::optional<Unusable> why, ByteView bytes, const IpLayout& layout,
                         std::size_t frames, const CapturedPacket& packet) {
  const bool cut = layout.end < layout.stated_end;
  if (why) {
    const bool not_dns = *why == Unusable::not_dns;
    (not_dns ? counts_.not_dns : cut ? counts_.cut_short : counts_.unreadable) += frames;
    return false;
  }
  counts_.used += frames;
  if (frames > 1) counts_.reassembled += frames;
  if (packet.payload.size() < packet.payload_size) ++counts_.used_in_part;
  switch (check_sums(bytes, layout)) {
    case Checksum::right: break;
    case Checksum::left_to_interface: ++counts_.checksum_left_to_interface; break;
    case Checksum::wrong: ++counts_.wrong_checksum; break;
  }
  return true;
}

}  // namespace hanglab::replay
