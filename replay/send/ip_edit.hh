// Changes an IP packet in place as another network wants it: addresses and ports, also of the packet that an
// ICMP error quotes, and checksums. What is changed is taken into the checksums by difference (RFC 1624), so
// that a fragment, too, stays right; a whole packet's are then looked at and, if asked for, put right, as
// those that a host with checksum offload leaves to its interface want it.
#pragma once

#include <span>
#include <vector>

#include "replay/ip_layout.hh"
#include "replay/send/address_map.hh"

namespace hanglab::replay {

struct EditRules {
  std::vector<AddressMap> addresses{};
  std::vector<PortMap> ports{};
  bool put_checksums_right = true;
};

// Returns whether a checksum was wrong and has been put right.
bool edit_ip(std::span<std::uint8_t> packet, const IpLayout& layout, const EditRules& rules);

}  // namespace hanglab::replay
