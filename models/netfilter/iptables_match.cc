#include "models/netfilter/iptables_match.hh"

#include <algorithm>

namespace hanglab::kernel {

namespace {

bool holds(const AddressMatch& match, const InetAddress& address) {
  return ((address & match.mask) == match.address) != match.inverted;
}

bool holds(const InterfaceMatch& match, std::string_view name) {
  const bool same = match.wildcard ? name.starts_with(match.name) : name == match.name;
  return same != match.inverted;
}

bool holds(const ProtocolMatch& match, std::uint8_t number) {
  return match.number == protocol::any || (match.number == number) != match.inverted;
}

bool holds(FragmentMatch match, bool is_later) {
  return match == FragmentMatch::any || (match == FragmentMatch::later_only) == is_later;
}

template <typename Range>
bool holds(const Range& range, std::uint32_t number) {
  return (range.first <= number && number <= range.last) != range.inverted;
}

// True if the packet shows its transport header. A later fragment never does, and that is no fault; a
// packet too short for its header is dropped.
bool shows_header(MatchContext& context) {
  if (context.packet.later_fragment()) return false;
  if (!context.packet.has_transport_header()) context.malformed = true;
  return !context.malformed;
}

class Asks {
 public:
  explicit Asks(MatchContext& context) : context_(context), packet_(context.packet) {}

  bool operator()(const TcpMatch& match) const {
    // It would overwrite the flags of the first.
    if (packet_.version == IpVersion::v4 && packet_.fragment_offset == 1) context_.malformed = true;
    if (!shows_header(context_)) return false;
    return holds(match.source, packet_.source_port()) &&
           holds(match.destination, packet_.destination_port()) &&
           ((packet_.tcp_flags() & match.flag_mask) == match.flag_value) != match.flags_inverted;
  }

  bool operator()(const UdpMatch& match) const {
    return shows_header(context_) && holds(match.source, packet_.source_port()) &&
           holds(match.destination, packet_.destination_port());
  }

  bool operator()(const IcmpMatch& match) const {
    if (!shows_header(context_)) return false;
    const auto code = packet_.icmp_code();
    const bool same =
        match.type == IcmpMatch::any_type ||
        (match.type == packet_.icmp_type() && match.first_code <= code && code <= match.last_code);
    return same != match.inverted;
  }

  bool operator()(const MultiportMatch& match) const {
    if (packet_.later_fragment()) return false;
    if (packet_.payload.size() < 4) {
      context_.malformed = true;
      return false;
    }
    const auto listed = [&](std::uint16_t port) {
      return std::ranges::any_of(match.ports, [&](const PortMatch& range) { return holds(range, port); });
    };
    using Side = MultiportMatch::Side;
    const bool any = (match.side != Side::destination && listed(packet_.source_port())) ||
                     (match.side != Side::source && listed(packet_.destination_port()));
    return any != match.inverted;
  }

  bool operator()(const LengthMatch& match) const { return holds(match, packet_.total_length); }

  bool operator()(const RandomMatch& match) const {
    return context_.random.chance(match.probability) != match.inverted;
  }

  bool operator()(const NthMatch& match) const {
    std::uint32_t& seen = context_.counters[match.counter];
    const bool is_its_turn = seen == match.packet;
    seen = (seen + 1) % match.every;
    return is_its_turn != match.inverted;
  }

  bool operator()(const HashlimitMatch& match) const {
    const auto below = context_.hashlimits[match.table].below(packet_, context_.jiffies);
    if (!below) context_.malformed = true;
    return below && *below != match.above;
  }

  bool operator()(const StateMatch& match) const {
    return ((match.states & static_cast<unsigned>(context_.state)) != 0) != match.inverted;
  }

 private:
  MatchContext& context_;
  const PacketHeaders& packet_;
};

}  // namespace

bool applies(const Rule& rule, MatchContext& context) {
  const PacketHeaders& packet = context.packet;
  return holds(rule.source, packet.source) && holds(rule.destination, packet.destination) &&
         holds(rule.in_interface, context.in_interface) && holds(rule.out_interface, context.out_interface) &&
         holds(rule.protocol, packet.protocol) && holds(rule.fragments, packet.later_fragment()) &&
         std::ranges::all_of(rule.matches,
                             [&](const Match& match) { return std::visit(Asks(context), match); });
}

}  // namespace hanglab::kernel
