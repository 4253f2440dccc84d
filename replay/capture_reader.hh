// Reads a capture packet by packet: any file that replay/read/frame_reader.hh reads, of the link types of
// replay/link_layer.hh, several of them too. Yields the packets that DNS is made of, over IPv4 and IPv6, put
// together from their fragments where need be, and counts all others by kind. In bounded memory.
//
// Copies of a packet in captures of several interfaces (replay/copy_filter.hh) are counted, not yielded.
//
// Throws InputError when the file cannot be opened, has another format, or is a pcap file of another link
// type; and Error when it is damaged further on: the packets before the damage have been yielded by then.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "core/time.hh"
#include "replay/captured_packet.hh"
#include "replay/copy_filter.hh"
#include "replay/ip_packet.hh"
#include "replay/link_layer.hh"
#include "replay/read/frame_reader.hh"
#include "replay/read/frame_selection.hh"
#include "replay/reassembly.hh"

namespace hanglab::replay {

// Every packet of the file that was selected is in `used` or in one of the kinds below it.
struct CaptureCounts {
  std::size_t packets = 0;
  std::size_t used = 0;

  std::size_t cut_short = 0;   // the capture holds too little of it to tell what it is
  std::size_t unreadable = 0;  // a header contradicts itself or the packet's size
  std::size_t not_ip = 0;      // ARP and the like
  std::size_t fragments = 0;   // of packets that could not be put together
  std::size_t not_dns = 0;
  std::size_t unknown_link_type = 0;
  std::size_t copies = 0;  // of a packet seen on another interface before

  // Among `used`:
  std::size_t reassembled = 0;   // fragments that were put together
  std::size_t used_in_part = 0;  // the capture lacks the end of their payload
  std::size_t checksum_left_to_interface = 0;
  std::size_t wrong_checksum = 0;

  bool operator==(const CaptureCounts&) const = default;
};

class CaptureReader {
 public:
  explicit CaptureReader(const std::string& path, FrameSelectionOptions selection = {});

  enum class Step { packet, nothing, end };
  // One frame further: fills `packet` if it yields one.
  Step step(CapturedPacket& packet);
  std::optional<CapturedPacket> next();  // empty at the end of the file

  CaptureCounts counts() const;
  const FrameSelectionCounts& selection() const { return selection_.counts(); }
  const FileProgress& progress() const { return frames_.progress(); }
  // Of all packets selected so far, used or not; since 1970. Zero before the first.
  Duration first_at() const { return first_at_; }
  Duration last_at() const { return last_at_; }

 private:
  bool use(const CapturedFrame& frame, CapturedPacket& packet);
  bool use_ip(const CapturedFrame& frame, ByteView bytes, CapturedPacket& packet);
  // Counts a packet that came in so many frames; whether it can be used.
  bool take(std::optional<Unusable> why, ByteView bytes, const IpLayout& layout, std::size_t frames,
            const CapturedPacket& packet);

  FrameReader frames_;
  FrameSelection selection_;
  CapturedFrame frame_;
  CaptureCounts counts_;
  Duration first_at_{};
  Duration last_at_{};
  CopyFilter copies_;
  bool several_interfaces_;  // there may be: a pcapng file
  Reassembler reassembler_;
};

}  // namespace hanglab::replay
