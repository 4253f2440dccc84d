// The filter table of iptables(8), ip6tables(8) and iptables-extensions(8), as rules are typed or as
// iptables-save prints them, and the verdict they give on a packet. What is read: policies, user chains, -A,
// -I, the matches and targets below; anything else is refused, never skipped.
//
//   match                                     target
//   -s -d -i -o -p, -f (IPv4), each with !    ACCEPT DROP RETURN, -j/-g CHAIN
//   tcp: --sport --dport --tcp-flags --syn    REJECT --reject-with TYPE
//   udp: --sport --dport                      LOG, NFLOG (no effect on the verdict)
//   icmp: --icmp-type, icmp6: --icmpv6-type
//   multiport, length, statistic (random, nth), state, conntrack --ctstate, comment, hashlimit (in packets)
//
// Source: Linux net/ipv4/netfilter/ip_tables.c, net/ipv6/netfilter/ip6_tables.c, net/netfilter/xt_*.c;
// iptables 1.8.9's man pages.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/address.hh"
#include "core/error.hh"
#include "core/random.hh"
#include "core/time.hh"

namespace hanglab::kernel {

enum class Hook { input, forward, output };

enum class RejectWith {
  icmp_net_unreachable,
  icmp_host_unreachable,
  icmp_proto_unreachable,
  icmp_port_unreachable,
  icmp_net_prohibited,
  icmp_host_prohibited,
  icmp_admin_prohibited,
  icmp6_no_route,
  icmp6_admin_prohibited,
  icmp6_address_unreachable,
  icmp6_port_unreachable,
  icmp6_policy_fail,
  icmp6_reject_route,
  tcp_reset,
};

// A REJECT that the kernel would not answer (a later fragment, an ICMP error, a RST by a RST, a packet to a
// multicast or the broadcast address) is a drop.
struct Verdict {
  enum class Kind { accept, drop, reject } kind = Kind::accept;
  RejectWith reject_with = RejectWith::icmp_port_unreachable;

  bool operator==(const Verdict&) const = default;
};

struct PacketView {
  std::span<const std::uint8_t> bytes;  // from the IP header on
  std::string_view in_interface{};      // empty at OUTPUT
  std::string_view out_interface{};     // empty at INPUT
};

struct RuleTable;  // the parsed rules

// Rules as text, parsed once; immutable and shared.
class Ruleset {
 public:
  Ruleset() = default;
  // The rules of iptables, or with IpVersion::v6 of ip6tables. `where` is the place of the text's first line.
  // Throws InputError naming line and column.
  static Ruleset parse(std::string_view text, const Location& where, IpVersion version = IpVersion::v4);

  bool empty() const;  // no rule and every policy ACCEPT: every verdict is accept
  const RuleTable* table() const { return table_.get(); }

 private:
  std::shared_ptr<const RuleTable> table_;
};

// The kernel's tick counter, by which `hashlimit` tells time: its period, 1/HZ s, and its age at the lab's
// time zero.
struct KernelTicks {
  Duration period = std::chrono::milliseconds(4);
  Duration age{};
};

// One host's firewall for one version of IP at work: the rules with the counters of `statistic --mode nth`,
// the tables of `hashlimit` and the connection tracking table that `state` and `conntrack` need. One a run:
// nothing outlives it.
class Firewall {
 public:
  Firewall(Ruleset rules, Random random, KernelTicks ticks = {});
  ~Firewall();
  Firewall(Firewall&&) noexcept;
  Firewall& operator=(Firewall&&) noexcept;

  // Call once for each packet at each hook it passes; the RST or ICMP error that answers a rejected packet
  // passes OUTPUT as any other. Connection tracking runs only if some rule asks for it.
  // The kernel then reassembles what comes in before any rule sees it, and so must the caller.
  bool tracks_connections() const;
  Verdict verdict(Hook hook, const PacketView& packet, TimePoint now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hanglab::kernel
