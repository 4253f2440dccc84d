// Connection tracking: which flow a packet belongs to and what `-m state` and `-m conntrack --ctstate` see
// of it. TCP, UDP and ICMP queries by their addresses and ports, other protocols by their addresses;
// ICMP errors are RELATED to the flow they quote, and what IPv6 neighbours
// say to each other is UNTRACKED. Timeouts are the kernel's defaults since 5.0: UDP 30 s, and
// 120 s for a flow still active 2 s after it began; TCP by state, SYN sent 120 s, established 5 days.
//
// Not modelled: sequence windows, checksums, helpers and NAT. Fragments are reassembled before they come here
// (nf_defrag_ipv4, nf_conntrack_reasm.c); a later one that comes all the same is INVALID.
//
// Source: Linux net/netfilter/nf_conntrack_core.c, nf_conntrack_proto_{tcp,udp,icmp,icmpv6,generic}.c.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

#include "core/time.hh"
#include "models/netfilter/iptables_packet.hh"

namespace hanglab::kernel {

// One bit each, so that a rule's list of states is a sum.
enum class ConnectionState : unsigned {
  invalid = 1,
  fresh = 2,
  established = 4,
  related = 8,
  untracked = 16
};

// One direction of a flow. For ICMP the ports are the identifier and the type with the code.
struct FlowTuple {
  InetAddress source{};
  InetAddress destination{};
  std::uint16_t source_port = 0;
  std::uint16_t destination_port = 0;
  std::uint8_t protocol = 0;

  FlowTuple reversed() const;
  bool operator==(const FlowTuple&) const = default;
};

enum class TcpPhase : std::uint8_t {
  syn_sent,
  syn_sent_both,
  syn_received,
  established,
  fin_wait,
  close_wait,
  last_ack,
  time_wait,
  closed,
};

class Conntrack {
 public:
  // Call once for each packet that a hook sees, then keep() unless the verdict was to drop it: a flow whose
  // first packet was dropped is not remembered.
  ConnectionState track(const PacketHeaders& packet, TimePoint now);
  void keep();
  // The packet was rejected: the RST or ICMP error that answers it will be RELATED.
  void reject(const PacketHeaders& packet);

  std::size_t size() const { return flows_.size(); }

 private:
  struct Flow {
    TimePoint expires{};
    TimePoint stream_from{};  // UDP: with replies from here on, the longer timeout
    bool seen_reply = false;
    TcpPhase phase = TcpPhase::syn_sent;
  };
  struct Hash {
    std::size_t operator()(const FlowTuple& tuple) const;
  };
  using Flows = std::unordered_map<FlowTuple, Flow, Hash>;

  ConnectionState track_icmp_error(const PacketHeaders& packet, TimePoint now);
  ConnectionState begin(const FlowTuple& tuple, const PacketHeaders& packet, TimePoint now);
  ConnectionState proceed(Flows::iterator flow, bool is_reply, const PacketHeaders& packet, TimePoint now);
  Flows::iterator find(const FlowTuple& tuple, TimePoint now);
  void forget_expired(TimePoint now);

  Flows flows_;  // by the tuple of the flow's first packet
  std::optional<std::pair<FlowTuple, Flow>> pending_;
  std::optional<FlowTuple> rejected_;
  TimePoint next_sweep_{};
};

}  // namespace hanglab::kernel
