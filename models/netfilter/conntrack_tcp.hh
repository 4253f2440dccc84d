// The TCP half of connection tracking: how a flow's phase moves with each segment, and how long a quiet flow
// is remembered in each phase.
// Source: Linux net/netfilter/nf_conntrack_proto_tcp.c (nf_conntrack_tcp_loose = 1).
#pragma once

#include <optional>

#include "models/netfilter/conntrack.hh"

namespace hanglab::kernel {

struct TcpStep {
  enum class Kind { move, ignored, reopens, invalid } kind = Kind::move;
  TcpPhase phase{};  // of move
};

// The phase of a flow that begins with these flags; nothing if no flow can begin so. A bare ACK can: the
// flow is older than the tracking.
std::optional<TcpPhase> first_phase(std::uint8_t flags);
TcpStep next_phase(TcpPhase phase, std::uint8_t flags, bool is_reply);
// `seen_reply` matters to an established flow: picked up in its middle it is remembered for 300 s only.
Duration phase_timeout(TcpPhase phase, bool seen_reply);

}  // namespace hanglab::kernel
