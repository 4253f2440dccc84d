// Whether one rule applies to one packet.
// Source: Linux net/ipv4/netfilter/ip_tables.c (ip_packet_match), net/ipv6/netfilter/ip6_tables.c,
// net/netfilter/xt_{tcpudp,multiport,length,statistic,state,conntrack}.c.
#pragma once

#include <span>
#include <string_view>

#include "core/random.hh"
#include "models/netfilter/conntrack.hh"
#include "models/netfilter/hashlimit.hh"
#include "models/netfilter/iptables_packet.hh"
#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

struct MatchContext {
  const PacketHeaders& packet;
  std::string_view in_interface;
  std::string_view out_interface;
  ConnectionState state;
  Random& random;
  std::span<std::uint32_t> counters;  // of NthMatches: packets seen, modulo `every`
  std::span<HashlimitTable> hashlimits;
  std::int64_t jiffies = 0;
  bool malformed = false;  // set by a match that needs a header the packet does not hold
};

// Matches are asked in order and no further than the first that fails, so a `statistic` counts only what the
// matches before it let through.
bool applies(const Rule& rule, MatchContext& context);

}  // namespace hanglab::kernel
