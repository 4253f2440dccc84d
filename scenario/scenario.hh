// A scenario: what the network is, in the words of the real systems, checked and complete. Either
// world is built from this value alone. Texts that real programs read (resolv.conf, nsswitch.conf,
// iptables rules, configurations and data of DNS servers) are kept verbatim beside what was parsed of them,
// so that the live world can hand them to the real programs.
// The file's form: docs/scenario-format.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/address.hh"
#include "core/error.hh"
#include "core/time.hh"
#include "core/workload.hh"
#include "models/linux/nsswitch.hh"
#include "models/linux/resolv_conf.hh"
#include "models/netfilter/iptables.hh"

namespace hanglab::scenario {

struct Interface {
  std::string name;                           // "eth0"
  Ipv4Prefix address{};                       // 0.0.0.0: it has IPv6 addresses alone
  std::vector<Ipv4Address> more_addresses{};  // further addresses in the same prefix length
  std::vector<Ipv6Prefix> ipv6_addresses{};   // global or unique local; the first one is preferred
  std::uint16_t mtu = 1500;

  bool has_ipv4() const { return address.address != Ipv4Address{}; }
  std::vector<IpAddress> addresses() const;  // those of IPv4 first
};

struct Kernel {
  int major = 6;
  int minor = 1;  // Debian 12
  int hz = 250;
};

// How long a host works where that decides the order and the times of packets. The defaults are medians of
// 200 lookups between two network namespaces of a virtual machine with 2 cores, kernel 6.18.
struct Cpu {
  Duration syscall = std::chrono::microseconds(5);  // a call that need not wait, entry to return
  Duration wakeup = std::chrono::microseconds(90);  // from a packet's arrival until the program goes on
};

struct Route {
  Ipv4Prefix destination;  // 0.0.0.0/0 is the default route
  Ipv4Address via;
};

struct Ipv6Route {
  Ipv6Prefix destination;  // ::/0 is the default route
  Ipv6Address via;
};

// A text that a real program reads, and where its first character stands.
struct PlacedText {
  std::string text{};
  Location where{};
};

struct DnsServer {
  std::string software;                       // "dnsmasq", "unbound", "bind", "systemd-resolved" or "lab"
  std::string version;                        // "2.90"
  Location software_at{};                     // where the two stand
  std::vector<IpAddress> listen{};            // empty: every address of its host
  std::string options{};                      // dnsmasq's, verbatim
  PlacedText config{};                        // unbound.conf, named.conf or resolved.conf, verbatim
  std::map<std::string, PlacedText> zones{};  // the zone files, by the names that named.conf gives them
  std::string host_file{};                    // verbatim text, dnsmasq's addn-hosts syntax
  std::string host_file_name{};               // for messages: the path, or "SCENARIO.yaml" when inline
  int host_file_line = 1;                     // the line of that file its text begins at
};

struct Host {
  std::string name;
  std::vector<Interface> interfaces;
  Kernel kernel{};
  Cpu cpu{};
  std::map<std::string, std::string> sysctls{};  // by real name: "net.ipv4.tcp_syn_retries" -> "6"
  std::vector<Route> routes{};
  bool forwards = false;  // net.ipv4.ip_forward = 1
  std::vector<Ipv6Route> ipv6_routes{};
  bool forwards_ipv6 = false;      // net.ipv6.conf.all.forwarding = 1
  std::string resolv_conf_text{};  // verbatim
  kernel::ResolvConf resolv_conf{};
  std::string nsswitch_text{};  // the hosts: line, verbatim
  kernel::NssHosts nsswitch{};
  std::string etc_hosts{};      // /etc/hosts, verbatim; default: localhost alone
  std::string iptables_text{};  // rules verbatim, one a line
  kernel::Ruleset firewall{};
  std::string ip6tables_text{};
  kernel::Ruleset firewall_ipv6{};
  std::vector<DnsServer> dns_servers{};

  bool has_ipv6() const;  // on one of its interfaces
};

// One end of a link. A bridge end has no interface.
struct LinkEnd {
  bool is_bridge = false;
  std::size_t index = 0;      // in Scenario::hosts, or in Scenario::bridges
  std::size_t interface = 0;  // in that host's interfaces
  std::uint16_t mtu = 1500;   // of the device there: bridge ports have their host's, or the largest
};

// Loss in bursts: Gilbert's and Elliott's two states, `gemodel p r 1-h 1-k` of tc-netem(8), where 1-k is
// Link::loss. A packet meets the state as it is; behind it the state may change.
struct Bursts {
  double enter = 0.0;  // p: probability that a burst begins behind a packet
  double leave = 1.0;  // r: that it ends behind a packet, above 0
  double loss = 1.0;   // 1-h: that a packet in a burst is lost
};

// Packets by their number in one direction, the first of a run being 1: every `step`th from `first` to
// `last`.
struct PacketNumbers {
  std::uint64_t first = 1;
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t step = 1;

  bool contain(std::uint64_t number) const {
    return number >= first && number <= last && (number - first) % step == 0;
  }
};

// Packets that leave in it are lost, and neither end is told.
struct Outage {
  Duration at{};  // since the run began
  Duration length{};
};

// A full-duplex wire between two ends; but for the packets to lose, both directions have the same properties.
struct Link {
  LinkEnd a;
  LinkEnd b;
  Duration delay{};                     // propagation, one way
  Duration jitter{};                    // up to this much sooner or later, at most `delay`
  std::uint64_t rate_bps = 0;           // 0: no serialisation delay
  double loss = 0.0;                    // probability that a packet is lost, outside of bursts
  std::optional<Bursts> bursts{};       // each direction has its own
  std::vector<PacketNumbers> lose_a{};  // of those that end a sends
  std::vector<PacketNumbers> lose_b{};
  std::vector<Outage> outages{};
  std::string name{};  // "vm.eth0"

  bool is_even() const;  // treats all packets alike: loses none, and brings none sooner than another
};

// An Ethernet bridge (libvirt's virbr0). With `host` it is also that host's own interface: frames
// for that host end there, all others pass from port to port.
struct Bridge {
  std::string name;
  std::optional<std::size_t> host{};
  std::size_t host_interface = 0;
};

// A lookup of the scenario, `count` times every `every`, first at `at`.
struct LookupPlan {
  std::size_t host = 0;
  std::string client;  // "glibc-2.36"
  std::string call;    // "getaddrinfo"
  Family family = Family::unspec;
  std::string name;
  Duration at{};
  int count = 1;
  Duration every{};
};

struct Scenario {
  std::string name;
  std::string description{};
  std::string text{};                            // the file, with every --set applied, for provenance
  std::vector<std::string> overrides{};          // the --set arguments
  Duration give_up = std::chrono::seconds(600);  // a lookup still waiting after this is hung, censored
  std::vector<Host> hosts{};
  std::vector<Bridge> bridges{};
  std::vector<Link> links{};
  std::vector<LookupPlan> lookups{};
  std::vector<std::string> warnings{};  // "file:line: bad address … ignored", as the real software would log

  std::optional<std::size_t> host_index(std::string_view name) const;
  Workload workload() const;  // every planned lookup in order of time
};

// Reads, applies `path=value` overrides, validates. Throws InputError with the place of the problem.
Scenario load(const std::filesystem::path& file, const std::vector<std::string>& overrides = {});
Scenario parse(const std::string& text, const std::string& file_name,
               const std::vector<std::string>& overrides = {});

}  // namespace hanglab::scenario
