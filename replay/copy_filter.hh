// Tells copies of a packet from packets. A capture of several interfaces holds a packet again for every
// bridge, veth pair or route that it crosses on the host: such copies follow within microseconds, alike but
// for what a router changes (TTL or hop limit, and the header's checksum). They would pass for
// retransmissions. Packets are known by a hash of 64 bits; memory is bounded by the millisecond that it looks
// back.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <unordered_map>

#include "core/time.hh"

namespace hanglab::replay {

class CopyFilter {
 public:
  // Whether a packet like this one, from the IP header on, came within the last millisecond: from another
  // interface, or if frames do not say theirs (`any_interface`), from wherever.
  bool is_copy(std::span<const std::uint8_t> packet, std::uint32_t interface, bool any_interface,
               Duration at);

 private:
  struct Recent {
    Duration at;
    std::uint64_t hash;
  };

  std::deque<Recent> recent_;
  std::unordered_map<std::uint64_t, std::uint32_t> interface_of_;  // by hash: the first that it was seen on
};

}  // namespace hanglab::replay
