// Reads a capture packet by packet: any file that replay/read/frame_reader.hh reads, of the link types of
// replay/link_layer.hh, several of them too. Yields the packets that DNS over IPv4 is made of and counts
// all others by kind.
//
// A capture of all interfaces at once holds a packet again for every bridge, veth pair or route that
// it crosses on the host: such copies follow within microseconds, alike but for what a router changes
// (TTL and checksum). They would pass for retransmissions, so only the first is yielded.
//
// Throws InputError when the file cannot be opened, has another format, or is a pcap file of another link
// type; and Error when it is damaged further on: the packets before the damage have been yielded by then.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hh"
#include "replay/captured_packet.hh"
#include "replay/ipv4_packet.hh"
#include "replay/link_layer.hh"
#include "replay/read/frame_reader.hh"

namespace hanglab::replay {

// Every packet of the file is in `used` or in one of the kinds below it.
struct CaptureCounts {
  std::size_t packets = 0;
  std::size_t used = 0;

  std::size_t cut_short = 0;   // the capture holds too little of it to tell what it is
  std::size_t unreadable = 0;  // a header contradicts itself or the packet's size
  std::size_t not_ip = 0;      // ARP and the like
  std::size_t ipv6 = 0;
  std::size_t fragments = 0;
  std::size_t not_dns = 0;
  std::size_t unknown_link_type = 0;
  std::size_t copies = 0;  // of a packet seen on another interface before

  std::size_t used_in_part = 0;  // among `used`: the capture lacks the end of their payload

  bool operator==(const CaptureCounts&) const = default;
};

class CaptureReader {
 public:
  explicit CaptureReader(const std::string& path);

  std::optional<CapturedPacket> next();  // empty at the end of the file

  const CaptureCounts& counts() const { return counts_; }
  // Of all packets so far, used or not; since 1970. Zero before the first.
  Duration first_at() const { return first_at_; }
  Duration last_at() const { return last_at_; }

 private:
  struct Recent {
    Duration at;
    std::vector<std::uint8_t> bytes;
  };

  std::optional<CapturedPacket> use(const CapturedFrame& frame);
  bool is_copy(ByteView packet, Duration at);

  FrameReader frames_;
  CapturedFrame frame_;
  CaptureCounts counts_;
  Duration first_at_{};
  Duration last_at_{};
  std::deque<Recent> recent_;
};

}  // namespace hanglab::replay
