// A simulated Linux host: an ns-3 node with its IPv4 stack, and above that stack the kernel models
// of the lab: sockets, the firewall at OUTPUT, INPUT and FORWARD, ICMP errors and resets, and the tap
// where tcpdump sits. ns-3 carries packets (routing, forwarding, fragments, ARP, links, queues); what
// a program can notice of its own kernel is decided here.
#pragma once

#include <ns3/internet-module.h>
#include <ns3/node.h>
#include <ns3/traffic-control-layer.h>

#include <functional>
#include <map>
#include <memory>
#include <unordered_map>

#include "core/packet_event.hh"
#include "core/random.hh"
#include "models/linux/reassembly.hh"
#include "models/linux/tcp_socket.hh"
#include "models/netfilter/iptables.hh"
#include "scenario/scenario.hh"
#include "sim/injected_flows.hh"
#include "sim/sockets.hh"
#include "sim/time.hh"

namespace hanglab::sim {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

class Host {
 public:
  Host(const scenario::Host& settings, std::uint32_t index, const RunClock& clock);
  ~Host();

  const scenario::Host& settings() const { return settings_; }
  const RunClock& clock() const { return clock_; }
  ns3::Ptr<ns3::Node> node() const { return node_; }
  ns3::Ptr<ns3::Ipv4L3Protocol> ipv4() const { return ipv4_; }

  // Building: an ns-3 device becomes the host's interface of that index, or a route is added.
  void add_interface(std::size_t interface, ns3::Ptr<ns3::NetDevice> device);
  void add_route(const scenario::Route& route);

  // A run begins with no sockets, an unused firewall and numbers of its own; after end_run() nothing that is
  // still on a wire reaches anybody.
  void begin_run(std::uint64_t seed, std::uint64_t run);
  void end_run();

  using Tap = std::function<void(PacketEvent)>;
  void set_tap(Tap tap);

  // For sockets.
  kernel::TcpSettings tcp_settings(Ipv4Address peer);  // with the MSS of the route there
  // Fast Open towards a peer, net.ipv4.tcp_fastopen: how the next SYN asks for a cookie, if at all. One
  // refusal leads to one try of the other form (tcp_fastopen_cache_get and …_set, net/ipv4/tcp_metrics.c).
  bool fast_open() const { return fast_open_; }
  kernel::CookieRequest cookie_request(Ipv4Address peer) const;
  void cookie_refused(Ipv4Address peer, kernel::CookieRequest how);
  const kernel::TickClock& ticks() const { return ticks_; }
  std::optional<Ipv4Address> source_for(Ipv4Address destination);
  std::uint16_t random_port();  // of net.ipv4.ip_local_port_range
  std::uint32_t random32() { return static_cast<std::uint32_t>(random_.next()); }
  bool is_local(Ipv4Address address) const;

  // Sends one transport message. EPERM when OUTPUT drops it, ENETUNREACH without a route.
  struct Outgoing {
    std::uint8_t protocol = 0;
    Ipv4Address source{};
    Ipv4Address destination{};
    bool dont_fragment = true;
  };
  int send(const Outgoing& outgoing, Bytes message);

  // Puts an IPv4 packet of a capture onto the interface that leads to its destination, past OUTPUT, as a raw
  // socket of a packet generator would; this kernel does not react to what comes back (injected_flows.hh).
  // ENETUNREACH without a route.
  int inject(Bytes packet);

  // An address of 0 stands for every address of the host; a particular one goes before it.
  bool bind(UdpSocket& socket, Endpoint local);
  void unbind(const UdpSocket& socket, Endpoint local);
  void forget(TcpConnection& connection);
  void listen(Endpoint local, TcpListener& listener) { listeners_[local] = &listener; }

  // A stream socket with its route and port, not yet connecting; nullptr without a route.
  std::shared_ptr<TcpConnection> open_stream(SocketOwner& owner, Endpoint to);

  // From the network, below the sockets. Called by the adapters to ns-3.
  void receive(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet, std::uint32_t interface);
  bool forward(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet, std::uint32_t in,
               std::uint32_t out);
  // Fragments are held back until their datagram is whole: those for the host itself, and where its firewall
  // tracks connections all.
  bool tracks_connections() const { return firewall_ && firewall_->tracks_connections(); }
  std::optional<kernel::Reassembly::Whole> reassemble(const ns3::Ipv4Header& header,
                                                      ns3::Ptr<const ns3::Packet> packet, bool local);

 private:
  struct Flow {
    Endpoint local;
    Endpoint remote;
    bool operator==(const Flow&) const = default;
  };
  struct FlowHash {
    std::size_t operator()(const Flow& flow) const;
  };

  std::uint16_t port_towards(const Endpoint& peer);
  void observe_out(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4>, std::uint32_t interface);
  void observe_in(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4>, std::uint32_t interface);
  void observe(ns3::Ptr<const ns3::Packet> packet, std::uint32_t interface, Direction direction);
  void deliver(ByteView packet, std::string_view in_interface);
  void deliver_udp(ByteView packet, ByteView message);
  void deliver_tcp(ByteView packet, ByteView message);
  void deliver_icmp(ByteView message);
  void deliver_locally(Bytes packet);
  void schedule_expiry();
  void give_up_fragments();
  void reject(ByteView packet, kernel::RejectWith how);
  void send_icmp_unreachable(ByteView packet, std::uint8_t code);
  bool icmp_rate_allows(Ipv4Address peer);
  void send_reset(Ipv4Address source, Ipv4Address destination, const kernel::TcpSegment& to);
  ns3::Ptr<ns3::Ipv4Route> route_to(Ipv4Address destination);
  std::string_view interface_name(std::uint32_t ns3_interface) const;

  const scenario::Host& settings_;
  std::uint32_t index_;
  const RunClock& clock_;
  kernel::TcpSettings tcp_settings_;
  std::pair<std::uint16_t, std::uint16_t> port_range_;  // net.ipv4.ip_local_port_range
  Duration icmp_price_;                                 // net.ipv4.icmp_ratelimit
  bool fast_open_;                                      // net.ipv4.tcp_fastopen

  ns3::Ptr<ns3::Node> node_;
  ns3::Ptr<ns3::Ipv4L3Protocol> ipv4_;
  ns3::Ptr<ns3::Ipv4StaticRouting> routing_;
  std::vector<std::uint32_t> interfaces_;                               // ns-3's number of each of ours
  std::unordered_map<std::uint32_t, ns3::Ptr<ns3::Ipv4Route>> routes_;  // by destination; they never change

  bool running_ = false;
  Random random_{0};
  kernel::TickClock ticks_;
  std::optional<kernel::Firewall> firewall_;
  kernel::Reassembly incoming_;  // for the host itself
  kernel::Reassembly passing_;
  ns3::EventId fragments_expire_;
  std::uint16_t identification_ = 0;
  std::map<Endpoint, UdpSocket*> udp_;
  std::unordered_map<Flow, std::shared_ptr<TcpConnection>, FlowHash> tcp_;
  std::map<Endpoint, TcpListener*> listeners_;
  InjectedFlows injected_;
  std::map<Endpoint, unsigned> port_offsets_;  // of the next connect() to a peer, in pairs of ports
  std::map<Ipv4Address, kernel::CookieRequest> refused_cookies_;  // the last form that was refused
  struct RateLimit {
    Duration tokens{};
    TimePoint at{};
  };
  std::map<Ipv4Address, RateLimit> icmp_limits_;
  Tap tap_;
};

}  // namespace hanglab::sim
