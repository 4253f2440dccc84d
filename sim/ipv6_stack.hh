// A host's IPv6 in ns-3: Ipv6L3Protocol with static routes and neighbours that are known from the start, so
// that nobody solicits or advertises anything: no duplicate address detection, no router discovery. ns-3
// carries and forwards; what is for the host itself is handed up as bytes, fragments put together, and what
// the host sends comes down as finished packets. Source addresses are chosen as RFC 6724 does among the
// addresses of one interface: the one that has most bits in common with the destination, else the first.
#pragma once

#include <ns3/internet-module.h>
#include <ns3/node.h>

#include <map>
#include <optional>
#include <vector>

#include "core/packet_event.hh"
#include "models/linux/reassembly.hh"
#include "scenario/scenario.hh"

namespace hanglab::sim {

class Host;

class Ipv6Stack {
 public:
  // The node has an IPv4 stack and a traffic control layer already. `host` outlives it.
  Ipv6Stack(Host& host, ns3::Ptr<ns3::Node> node, const scenario::Host& settings);

  void add_interface(std::size_t interface, ns3::Ptr<ns3::NetDevice> device);
  void add_route(const scenario::Ipv6Route& route);
  void add_neighbour(std::size_t interface, const Ipv6Address& address, ns3::Mac48Address mac);

  struct Route {
    std::size_t interface = 0;  // in the host's interfaces
    Ipv6Address next_hop{};
    Ipv6Address source{};
    std::size_t mtu = 0;
    int prefix_length = 0;  // of the route that leads there
  };
  const Route* route_to(const Ipv6Address& destination);  // nullptr: there is none
  bool owns(const Ipv6Address& address) const;

  void send(const Route& route, std::span<const std::uint8_t> packet);
  void set_tap();
  void end_run();

 private:
  class Routing;

  std::optional<std::size_t> interface_of(ns3::Ptr<const ns3::NetDevice> device) const;
  std::optional<Route> find_route(const Ipv6Address& destination) const;
  void observe_in(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv6>, std::uint32_t interface);
  void receive(std::span<const std::uint8_t> packet, std::size_t interface);
  void forward(std::span<const std::uint8_t> packet, std::size_t in);
  void schedule_expiry();
  void give_up_fragments();

  Host& host_;
  const scenario::Host& settings_;
  ns3::Ptr<ns3::Ipv6L3Protocol> ipv6_;
  std::vector<std::uint32_t> numbers_;  // ns-3's number of each interface
  struct Entry {                        // of the routing table
    Ipv6Prefix destination;
    std::size_t interface;
    std::optional<Ipv6Address> via;
  };
  std::vector<Entry> table_;
  std::map<Ipv6Address, std::optional<Route>> routes_;  // by destination; they never change
  kernel::Ipv6Reassembly incoming_;                     // for the host itself
  kernel::Ipv6Reassembly passing_;
  ns3::EventId fragments_expire_;
};

}  // namespace hanglab::sim
