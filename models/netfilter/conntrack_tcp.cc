#include "models/netfilter/conntrack_tcp.hh"

namespace hanglab::kernel {

namespace {

using namespace std::chrono_literals;

enum class Segment { syn, syn_ack, fin, ack, rst };

// Nothing for flags that no TCP sends together. PSH says nothing; URG goes with SYN, ACK and FIN ACK.
std::optional<Segment> kind_of(std::uint8_t flags) {
  using namespace tcp_flag;
  switch (flags & ~psh) {
    case syn:
    case syn | urg: return Segment::syn;
    case syn | ack: return Segment::syn_ack;
    case fin | ack:
    case fin | ack | urg: return Segment::fin;
    case ack:
    case ack | urg: return Segment::ack;
    case rst:
    case rst | ack: return Segment::rst;
    default: return {};
  }
}

TcpStep move_to(TcpPhase phase) { return {.kind = TcpStep::Kind::move, .phase = phase}; }
constexpr TcpStep ignored{.kind = TcpStep::Kind::ignored};
constexpr TcpStep invalid{.kind = TcpStep::Kind::invalid};

TcpStep after_syn(TcpPhase phase, bool is_reply) {
  switch (phase) {
    case TcpPhase::syn_sent: return move_to(is_reply ? TcpPhase::syn_sent_both : TcpPhase::syn_sent);
    case TcpPhase::syn_sent_both: return move_to(phase);
    case TcpPhase::time_wait: return {.kind = TcpStep::Kind::reopens};
    case TcpPhase::closed: return is_reply ? invalid : TcpStep{.kind = TcpStep::Kind::reopens};
    default: return is_reply ? invalid : ignored;
  }
}

TcpStep after_syn_ack(TcpPhase phase, bool is_reply) {
  switch (phase) {
    case TcpPhase::syn_sent: return is_reply ? move_to(TcpPhase::syn_received) : invalid;
    case TcpPhase::syn_sent_both: return move_to(TcpPhase::syn_received);
    case TcpPhase::syn_received: return is_reply ? ignored : move_to(phase);
    default: return is_reply ? ignored : invalid;
  }
}

TcpStep after_fin(TcpPhase phase) {
  switch (phase) {
    case TcpPhase::syn_sent:
    case TcpPhase::syn_sent_both: return invalid;
    case TcpPhase::syn_received:
    case TcpPhase::established: return move_to(TcpPhase::fin_wait);
    case TcpPhase::fin_wait:
    case TcpPhase::close_wait: return move_to(TcpPhase::last_ack);
    default: return move_to(phase);
  }
}

TcpStep after_ack(TcpPhase phase, bool is_reply) {
  switch (phase) {
    case TcpPhase::syn_sent:
    case TcpPhase::syn_sent_both: return is_reply ? ignored : invalid;
    case TcpPhase::syn_received: return move_to(is_reply ? phase : TcpPhase::established);
    case TcpPhase::fin_wait: return move_to(TcpPhase::close_wait);
    case TcpPhase::last_ack: return move_to(TcpPhase::time_wait);
    default: return move_to(phase);
  }
}

}  // namespace

std::optional<TcpPhase> first_phase(std::uint8_t flags) {
  const auto kind = kind_of(flags);
  if (kind == Segment::syn) return TcpPhase::syn_sent;
  if (kind == Segment::ack) return TcpPhase::established;
  return {};
}

TcpStep next_phase(TcpPhase phase, std::uint8_t flags, bool is_reply) {
  const auto kind = kind_of(flags);
  if (!kind) return invalid;
  switch (*kind) {
    case Segment::syn: return after_syn(phase, is_reply);
    case Segment::syn_ack: return after_syn_ack(phase, is_reply);
    case Segment::fin: return after_fin(phase);
    case Segment::ack: return after_ack(phase, is_reply);
    case Segment::rst: break;
  }
  return move_to(TcpPhase::closed);
}

Duration phase_timeout(TcpPhase phase, bool seen_reply) {
  switch (phase) {
    case TcpPhase::syn_sent:
    case TcpPhase::syn_sent_both:
    case TcpPhase::fin_wait:
    case TcpPhase::time_wait: return 120s;
    case TcpPhase::syn_received:
    case TcpPhase::close_wait: return 60s;
    case TcpPhase::last_ack: return 30s;
    case TcpPhase::closed: return 10s;
    case TcpPhase::established: break;
  }
  return seen_reply ? Duration{5 * 24h} : Duration{300s};
}

}  // namespace hanglab::kernel
