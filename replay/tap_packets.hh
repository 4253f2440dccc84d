// What a tap on a host's interfaces saw, as packets of DNS: put together from their fragments where need be,
// as the host's own kernel does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/packet_event.hh"
#include "replay/captured_packet.hh"
#include "replay/reassembly.hh"

namespace hanglab::replay {

class TapPackets {
 public:
  // Of one host's tap, in the order of time. Nothing where it has nothing to do with DNS, or others are
  // needed to tell.
  std::optional<CapturedPacket> add(const PacketEvent& event);

 private:
  std::optional<CapturedPacket> read(std::span<const std::uint8_t> bytes, Duration at);

  Reassembler reassembler_{};
  std::size_t packets_ = 0;
};

// Those of `host`.
std::vector<CapturedPacket> packets_of(std::uint32_t host, std::span<const PacketEvent> events);

}  // namespace hanglab::replay
