// Rules of the filter table as values, as the parser leaves them and the firewall walks them. Addresses,
// ports and protocol numbers are in host byte order.
// Source: Linux include/uapi/linux/netfilter_ipv4/ip_tables.h, netfilter_ipv6/ip6_tables.h,
// include/uapi/linux/netfilter/xt_*.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "models/netfilter/inet_address.hh"
#include "models/netfilter/iptables.hh"

namespace hanglab::kernel {

namespace protocol {
inline constexpr std::uint8_t any = 0;
inline constexpr std::uint8_t icmp = 1;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t icmpv6 = 58;
}  // namespace protocol

struct AddressMatch {
  InetAddress address{};
  InetAddress mask{};  // need not be contiguous
  bool inverted = false;
};

struct InterfaceMatch {
  std::string name{};    // without its '+'
  bool wildcard = true;  // "eth+": every name that begins so
  bool inverted = false;
};

struct ProtocolMatch {
  std::uint8_t number = protocol::any;
  bool inverted = false;
};

enum class FragmentMatch { any, later_only, not_later };  // -f, ! -f

struct PortMatch {
  std::uint16_t first = 0;
  std::uint16_t last = 65535;
  bool inverted = false;
};

struct TcpMatch {
  PortMatch source{}, destination{};
  std::uint8_t flag_mask = 0;
  std::uint8_t flag_value = 0;
  bool flags_inverted = false;
};

struct UdpMatch {
  PortMatch source{}, destination{};
};

struct IcmpMatch {  // of ICMP or ICMPv6
  static constexpr std::uint8_t any_type = 255;
  std::uint8_t type = any_type;
  std::uint8_t first_code = 0;
  std::uint8_t last_code = 255;
  bool inverted = false;
};

struct MultiportMatch {
  enum class Side { source, destination, either } side = Side::destination;
  std::vector<PortMatch> ports{};
  bool inverted = false;
};

struct LengthMatch {  // of the whole IP packet
  std::uint16_t first = 0;
  std::uint16_t last = 65535;
  bool inverted = false;
};

struct RandomMatch {
  double probability = 0.0;
  bool inverted = false;
};

// Of every `every` packets that reach this match, the one numbered `packet` from 0.
struct NthMatch {
  std::uint32_t every = 1;
  std::uint32_t packet = 0;
  bool inverted = false;
  std::size_t counter = 0;  // which of the firewall's counters is this rule's
};

struct StateMatch {
  unsigned states = 0;  // the bits of ConnectionState
  bool inverted = false;
};

// What a hashlimit table counts, in packets. The first rule that names a table decides it.
struct HashlimitConfig {
  static constexpr std::uint64_t scale = 1000000;  // XT_HASHLIMIT_SCALE_v2

  std::uint64_t average = scale;  // from one packet to the next, in 1/scale s
  std::uint64_t burst = 5;
  bool by_source = false, by_destination = false, by_source_port = false, by_destination_port = false;
  unsigned source_mask = 32, destination_mask = 32;  // bits; of IPv6 up to 128
  std::uint32_t max = 65536;                         // buckets
  std::uint32_t gc_interval = 1000;                  // in ms, as the next
  std::uint32_t expire = 1000;
};

struct HashlimitMatch {
  std::string name{};
  HashlimitConfig config{};
  bool above = false;
  std::size_t table = 0;  // which of the firewall's tables has this name
};

using Match = std::variant<TcpMatch, UdpMatch, IcmpMatch, MultiportMatch, LengthMatch, RandomMatch, NthMatch,
                           StateMatch, HashlimitMatch>;

struct Target {
  enum class Kind { none, accept, drop, reject, back, jump, go_to } kind = Kind::none;
  RejectWith reject_with = RejectWith::icmp_port_unreachable;
  std::size_t chain = 0;  // of jump and go_to
};

struct Rule {
  AddressMatch source{}, destination{};
  InterfaceMatch in_interface{}, out_interface{};
  ProtocolMatch protocol{};
  FragmentMatch fragments = FragmentMatch::any;
  std::vector<Match> matches{};  // in the order of the command line, which is the order of evaluation
  Target target{};
};

struct Chain {
  std::string name;  // empty: deleted by -X
  bool policy_drop = false;
  std::vector<Rule> rules{};
};

struct RuleTable {
  IpVersion version = IpVersion::v4;
  // The base chains come first, each at the number of its Hook; user chains follow.
  static constexpr std::size_t base_chains = 3;
  std::vector<Chain> chains{{"INPUT"}, {"FORWARD"}, {"OUTPUT"}};
  std::size_t counters = 0;                   // of all NthMatches
  bool tracks_connections = false;            // some rule has a StateMatch
  std::vector<HashlimitConfig> hashlimits{};  // of the tables that HashlimitMatches name
};

}  // namespace hanglab::kernel
