#include "models/netfilter/conntrack.hh"

#include "models/netfilter/conntrack_tcp.hh"
#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

namespace {

using namespace std::chrono_literals;

constexpr Duration udp_timeout = 30s;
constexpr Duration udp_stream_timeout = 120s;
constexpr Duration udp_stream_after = 2s;
constexpr Duration icmp_timeout = 30s;
constexpr Duration generic_timeout = 600s;
constexpr Duration sweep_interval = 60s;

// Type 8 is answered by 0, 13 by 14, 15 by 16, 17 by 18; other types are no part of a dialogue.
// In ICMPv6 that is 128 by 129, 139 by 140.
std::optional<std::uint8_t> answering_type(std::uint8_t over, std::uint8_t type) {
  if (over == protocol::icmpv6) {
    switch (type) {
      case 128:
      case 139: return type + 1;
      case 129:
      case 140: return type - 1;
      default: return {};
    }
  }
  switch (type) {
    case 8: return 0;
    case 0: return 8;
    case 13:
    case 15:
    case 17: return type + 1;
    case 14:
    case 16:
    case 18: return type - 1;
    default: return {};
  }
}

bool is_icmp_query(std::uint8_t over, std::uint8_t type) {
  if (over == protocol::icmpv6) return type == 128 || type == 139;
  return type == 8 || type == 13 || type == 15 || type == 17;
}

// Router and neighbour discovery and the reports of multicast listeners (noct_valid_new).
bool is_among_neighbours(const PacketHeaders& packet) {
  if (packet.protocol != protocol::icmpv6) return false;
  const auto type = packet.icmp_type();
  return (type >= 130 && type <= 136) || type == 143;
}

std::optional<FlowTuple> tuple_of(const PacketHeaders& packet) {
  FlowTuple tuple{.source = packet.source, .destination = packet.destination, .protocol = packet.protocol};
  switch (packet.protocol) {
    case protocol::tcp:
    case protocol::udp:
      // An ICMP error quotes 8 bytes of the transport header: enough for the ports.
      if (packet.later_fragment() || packet.payload.size() < 4) return {};
      tuple.source_port = packet.source_port();
      tuple.destination_port = packet.destination_port();
      return tuple;
    case protocol::icmp:
    case protocol::icmpv6:
      if (packet.later_fragment() || packet.payload.size() < 8) return {};
      if (!answering_type(packet.protocol, packet.icmp_type())) return {};
      tuple.source_port = packet.word(4);
      tuple.destination_port = packet.word(0);
      return tuple;
    default: return tuple;
  }
}

// The packet that an ICMP error quotes.
std::optional<PacketHeaders> quoted(const PacketHeaders& error) {
  if (error.payload.size() < 8) return {};
  return read_packet(error.payload.subspan(8));
}

}  // namespace

FlowTuple FlowTuple::reversed() const {
  if (protocol != protocol::icmp && protocol != protocol::icmpv6)
    return {destination, source, destination_port, source_port, protocol};
  const auto type = answering_type(protocol, static_cast<std::uint8_t>(destination_port >> 8)).value_or(0);
  const auto type_and_code = static_cast<std::uint16_t>(type << 8 | (destination_port & 0xff));
  return {destination, source, source_port, type_and_code, protocol};
}

std::size_t Conntrack::Hash::operator()(const FlowTuple& tuple) const {
  std::uint64_t addresses = 0;
  for (std::size_t i = 0; i < tuple.source.words.size(); ++i)
    addresses = addresses * 0x9e3779b97f4a7c15u +
                (std::uint64_t{tuple.source.words[i]} << 32 | tuple.destination.words[i]);
  const auto ports =
      std::uint64_t{tuple.source_port} << 24 | std::uint64_t{tuple.destination_port} << 8 | tuple.protocol;
  return addresses ^ (ports * 0xc2b2ae3d27d4eb4fu);
}

ConnectionState Conntrack::track(const PacketHeaders& packet, TimePoint now) {
  pending_.reset();
  forget_expired(now);
  if (!packet.has_transport_header()) return ConnectionState::invalid;
  if (packet.is_icmp_error()) return track_icmp_error(packet, now);
  if (is_among_neighbours(packet)) return ConnectionState::untracked;
  const auto tuple = tuple_of(packet);
  if (!tuple) return ConnectionState::invalid;
  const bool is_reset = packet.protocol == protocol::tcp && (packet.tcp_flags() & tcp_flag::rst);
  if (is_reset && rejected_ && *tuple == rejected_->reversed()) return ConnectionState::related;

  if (const auto flow = find(*tuple, now); flow != flows_.end()) return proceed(flow, false, packet, now);
  const auto flow = find(tuple->reversed(), now);
  return flow == flows_.end() ? begin(*tuple, packet, now) : proceed(flow, true, packet, now);
}

void Conntrack::keep() {
  if (pending_) flows_.insert(*pending_);
  pending_.reset();
}

void Conntrack::reject(const PacketHeaders& packet) { rejected_ = tuple_of(packet); }

ConnectionState Conntrack::track_icmp_error(const PacketHeaders& packet, TimePoint now) {
  const auto inner = quoted(packet);
  if (!inner || inner->source != packet.destination) return ConnectionState::invalid;
  const auto tuple = tuple_of(*inner);
  if (!tuple) return ConnectionState::invalid;
  const bool known =
      tuple == rejected_ || find(*tuple, now) != flows_.end() || find(tuple->reversed(), now) != flows_.end();
  return known ? ConnectionState::related : ConnectionState::invalid;
}

ConnectionState Conntrack::begin(const FlowTuple& tuple, const PacketHeaders& packet, TimePoint now) {
  Flow flow{.stream_from = now + udp_stream_after};
  switch (packet.protocol) {
    case protocol::tcp: {
      const auto phase = first_phase(packet.tcp_flags());
      if (!phase) return ConnectionState::invalid;
      flow.phase = *phase;
      flow.expires = now + phase_timeout(*phase, false);
      break;
    }
    case protocol::icmp:
    case protocol::icmpv6:
      if (!is_icmp_query(packet.protocol, packet.icmp_type())) return ConnectionState::invalid;
      flow.expires = now + icmp_timeout;
      break;
    case protocol::udp: flow.expires = now + udp_timeout; break;
    default: flow.expires = now + generic_timeout; break;
  }
  pending_.emplace(tuple, flow);
  return ConnectionState::fresh;
}

ConnectionState Conntrack::proceed(Flows::iterator at, bool is_reply, const PacketHeaders& packet,
                                   TimePoint now) {
  Flow& flow = at->second;
  const auto state = is_reply || flow.seen_reply ? ConnectionState::established : ConnectionState::fresh;
  switch (packet.protocol) {
    case protocol::tcp: {
      const auto step = next_phase(flow.phase, packet.tcp_flags(), is_reply);
      if (step.kind == TcpStep::Kind::invalid) return ConnectionState::invalid;
      if (step.kind == TcpStep::Kind::reopens) {
        flows_.erase(at);
        return begin(*tuple_of(packet), packet, now);
      }
      if (step.kind == TcpStep::Kind::ignored) break;
      if (step.phase == TcpPhase::closed && !flow.seen_reply) {
        flows_.erase(at);  // a connect that was refused leaves nothing behind
        return state;
      }
      flow.phase = step.phase;
      flow.expires = now + phase_timeout(step.phase, flow.seen_reply);
      break;
    }
    case protocol::icmp:
    case protocol::icmpv6: flow.expires = now + icmp_timeout; break;
    case protocol::udp:
      flow.expires = now + (flow.seen_reply && now > flow.stream_from ? udp_stream_timeout : udp_timeout);
      break;
    default: flow.expires = now + generic_timeout; break;
  }
  if (is_reply) flow.seen_reply = true;
  return state;
}

Conntrack::Flows::iterator Conntrack::find(const FlowTuple& tuple, TimePoint now) {
  const auto flow = flows_.find(tuple);
  if (flow == flows_.end() || flow->second.expires > now) return flow;
  flows_.erase(flow);
  return flows_.end();
}

// Keeps the memory of a long run bounded; find() sees to it that an expired flow is never used.
void Conntrack::forget_expired(TimePoint now) {
  if (now < next_sweep_) return;
  next_sweep_ = now + sweep_interval;
  std::erase_if(flows_, [&](const auto& entry) { return entry.second.expires <= now; });
}

}  // namespace hanglab::kernel
