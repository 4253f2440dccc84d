// The flows of packets that a host's kernel knows nothing of: they were put onto its interface from a
// capture. Nobody here may answer what comes back, as a real kernel would with resets and ICMP errors; and a
// server of today numbers its octets otherwise than the recorded one did, so that acknowledgments have to be
// moved.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "core/address.hh"

namespace hanglab::sim {

class InjectedFlows {
 public:
  bool empty() const { return flows_.empty(); }
  void clear() { flows_.clear(); }

  // Takes note of an IP packet on its way out. Of a TCP segment the acknowledgment number, the SACK blocks
  // and the checksum are changed to what the peer of today expects, once its SYN+ACK was seen. What is no
  // whole TCP or UDP header stays as it is.
  void outgoing(std::span<std::uint8_t> packet);
  // Whether a packet that came in belongs to one of them.
  bool incoming(std::span<const std::uint8_t> packet);

 private:
  struct Key {
    std::uint8_t protocol = 0;
    Endpoint local;
    Endpoint remote;
    auto operator<=>(const Key&) const = default;
  };
  struct Flow {
    std::optional<std::uint32_t> expected{};  // of TCP: what the SYN+ACK of today asks to be acknowledged
    std::optional<std::uint32_t> shift{};     // from recorded to today's sequence numbers of the peer
  };

  std::map<Key, Flow> flows_;
};

}  // namespace hanglab::sim
