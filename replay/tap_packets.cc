#include "replay/tap_packets.hh"

#include "replay/ip_packet.hh"

namespace hanglab::replay {

std::optional<CapturedPacket> TapPackets::read(ByteView bytes, Duration at) {
  const auto found = find_ip_layout(bytes, IpExtent::headers);
  const auto* layout = std::get_if<IpLayout>(&found);
  if (layout == nullptr) return {};
  if (layout->fragment) {
    const auto whole = reassembler_.add(bytes, *layout, at);
    return whole ? read(whole->packet, at) : std::nullopt;
  }
  CapturedPacket packet;
  if (read_packet(bytes, *layout, packet)) return {};
  return packet;
}

std::optional<CapturedPacket> TapPackets::add(const PacketEvent& event) {
  auto packet = read(event.bytes, event.at);
  if (!packet) return {};
  packet->number = ++packets_;
  packet->at = event.at;
  return packet;
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
