#include "replay/tap_packets.hh"

#include "replay/ip_packet.hh"

namespace hanglab::replay {

std::optional<CapturedPacket> TapPackets::read(ByteView bytes, Duration at, std::size_t fragments) {
  const auto found = find_ip_layout(bytes, IpExtent::headers);
  const auto* layout = std::get_if<IpLayout>(&found);
  if (layout && layout->fragment) {
    const auto whole = reassembler_.add(bytes, *layout, at);
    return whole ? read(whole->packet, at, whole->fragments) : std::nullopt;
  }
  CapturedPacket packet;
  const auto why = layout ? read_packet(bytes, *layout, packet) : Unusable::unreadable;
  if (why) {
    (*why == Unusable::not_dns ? counts_.not_dns : counts_.unreadable) += fragments;
    return {};
  }
  counts_.used += fragments;
  if (fragments > 1) counts_.reassembled += fragments;
  return packet;
}

std::optional<CapturedPacket> TapPackets::add(const PacketEvent& event) {
  ++counts_.packets;
  auto packet = read(event.bytes, event.at, 1);
  if (!packet) return {};
  packet->number = ++number_;
  packet->at = event.at;
  return packet;
}

CaptureCounts TapPackets::counts() const {
  CaptureCounts counts = counts_;
  counts.fragments = reassembler_.unassembled();
  return counts;
}

std::vector<CapturedPacket> packets_of(std::uint32_t host, std::span<const PacketEvent> events) {
  TapPackets tap;
  std::vector<CapturedPacket> packets;
  for (const PacketEvent& event : events) {
    if (event.host != host) continue;
    if (auto packet = tap.add(event)) packets.push_back(std::move(*packet));
  }
  return packets;
}

}  // namespace hanglab::replay
