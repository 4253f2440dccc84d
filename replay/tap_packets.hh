// What a tap on a host's interfaces saw, as packets of DNS: put together from their fragments where need be,
// as the host's own kernel does.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/packet_event.hh"
#include "replay/capture_reader.hh"
#include "replay/captured_packet.hh"
#include "replay/reassembly.hh"

namespace hanglab::replay {

class TapPackets {
 public:
  // Of one host's tap, in the order of time. Nothing where it has nothing to do with DNS, or others are
  // needed to tell.
  std::optional<CapturedPacket> add(const PacketEvent& event);

  // What became of all packets so far, by kind.
  CaptureCounts counts() const;

 private:
  // Of a packet that came in so many fragments.
  std::optional<CapturedPacket> read(std::span<const std::uint8_t> bytes, Duration at, std::size_t fragments);

  Reassembler reassembler_{};
  CaptureCounts counts_{};
  std::size_t number_ = 0;  // of the last that was given
};

// Those of `host`.
std::vector<CapturedPacket> packets_of(std::uint32_t host, std::span<const PacketEvent> events);

}  // namespace hanglab::replay
