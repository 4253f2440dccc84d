// A simulated Linux host: an ns-3 node with its IPv4 and IPv6 stacks, and above them the kernel models
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
#include "models/linux/ip_packet.hh"
#include "models/linux/reassembly.hh"
#include "models/linux/tcp_socket.hh"
#include "models/netfilter/iptables.hh"
#include "scenario/scenario.hh"
#include "sim/injected_flows.hh"
#include "sim/ipv6_stack.hh"
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
  void add_route(const scenario::Ipv6Route& route);
  // Whoever has this address has that hardware address, as the interface's neighbour.
  void add_neighbour(std::size_t interface, const IpAddress& address, ns3::Mac48Address mac);

  // A run begins with no sockets, an unused firewall and numbers of its own; after end_run() nothing that is
  // still on a wire reaches anybody.
  void begin_run(std::uint64_t seed, std::uint64_t run);
  void end_run();
  bool running() const { return running_; }

  using Tap = std::function<void(PacketEvent)>;
  void set_tap(Tap tap);

  // For sockets.
  kernel::TcpSettings tcp_settings(const IpAddress& peer);  // with the MSS of the route there
  // Fast Open towards a peer, net.ipv4.tcp_fastopen: how the next SYN asks for a cookie, if at all. One
  // refusal leads to one try of the other form (tcp_fastopen_cache_get and …_set, net/ipv4/tcp_metrics.c).
  bool fast_open() const { return fast_open_; }
  kernel::CookieRequest cookie_request(const IpAddress& peer) const;
  void cookie_refused(const IpAddress& peer, kernel::CookieRequest how);
  const kernel::TickClock& ticks() const { return ticks_; }
  std::optional<IpAddress> source_for(const IpAddress& destination);
  std::uint16_t random_port();  // of net.ipv4.ip_local_port_range
  std::uint32_t random32() { return static_cast<std::uint32_t>(random_.next()); }
  bool is_local(const IpAddress& address) const;
  // Of a connection and of whatever follows a timeout of its (net/ipv6/…: sk_txhash); 0 where none is wanted.
  std::uint32_t random_flow_label();

  // Sends one transport message. EPERM when OUTPUT drops it, ENETUNREACH without a route.
  struct Outgoing {
    std::uint8_t protocol = 0;
    IpAddress source{};
    IpAddress destination{};
    bool dont_fragment = true;                  // of IPv4; IPv6 fragments what its own interface cannot take
    std::optional<std::uint32_t> flow_label{};  // of IPv6; else a hash of the flow
  };
  int send(const Outgoing& outgoing, Bytes message);

  // Puts a packet of a capture, one that kernel::decode_ip() reads, onto the interface that leads to its
  // destination, past OUTPUT, as a raw socket of a packet generator would; this kernel does not react to what
  // comes back (injected_flows.hh). ENETUNREACH where no interface leads there.
  int inject(Bytes packet);

  // 0.0.0.0 stands for every address of the host, those of IPv6 as well; a particular one goes before it.
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
  bool tracks_connections(IpVersion version = IpVersion::v4) const {
    const auto& firewall = version == IpVersion::v4 ? firewall_ : firewall_ipv6_;
    return firewall && firewall->tracks_connections();
  }
  std::optional<kernel::Reassembly::Whole> reassemble(const ns3::Ipv4Header& header,
                                                      ns3::Ptr<const ns3::Packet> packet, bool local);
  // The same for whole IPv6 packets, by our number of the interface; called by the IPv6 stack.
  void receive(ByteView packet, std::size_t interface);
  bool forward(ByteView packet, std::size_t in, std::size_t out);
  // About a packet, to its sender; nothing where the limit on such errors says no.
  void send_icmp_unreachable(ByteView packet, std::uint8_t code);
  void send_icmpv6_error(std::uint8_t type, std::uint8_t code, ByteView packet, std::uint32_t parameter = 0);
  void observe(ByteView packet, std::size_t interface, Direction direction);

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
  int send_ipv4(const Outgoing& outgoing, const Bytes& message);
  int send_ipv6(const Outgoing& outgoing, const Bytes& message);
  int inject_ipv4(Bytes packet);
  int inject_ipv6(Bytes packet);
  // EPERM or 0.
  int pass_output(ByteView packet, std::string_view out_interface);
  std::uint32_t flow_label(const Outgoing& outgoing, ByteView message) const;
  void deliver(ByteView packet, std::string_view in_interface);
  void deliver_udp(ByteView packet, const kernel::IpPacket& ip);
  void deliver_tcp(const kernel::IpPacket& ip);
  void deliver_icmp(const kernel::IpPacket& ip);
  void deliver_locally(Bytes packet);
  void schedule_expiry();
  void give_up_fragments();
  void reject(ByteView packet, kernel::RejectWith how);
  bool icmp_rate_allows(const IpAddress& peer);
  Duration icmp_price(const IpAddress& peer);
  void send_reset(const IpAddress& source, const IpAddress& destination, const kernel::TcpSegment& to,
                  std::optional<std::uint32_t> flow_label = {});
  std::optional<kernel::Firewall>& firewall_for(ByteView packet);
  ns3::Ptr<ns3::Ipv4Route> route_to(Ipv4Address destination);
  std::string_view interface_name(std::uint32_t ns3_interface) const;

  const scenario::Host& settings_;
  std::uint32_t index_;
  const RunClock& clock_;
  kernel::TcpSettings tcp_settings_;
  std::pair<std::uint16_t, std::uint16_t> port_range_;  // net.ipv4.ip_local_port_range
  Duration icmp_price_;                                 // net.ipv4.icmp_ratelimit
  std::optional<Duration> icmpv6_price_;                // net.ipv6.icmp.ratelimit, where it is set
  bool flow_labels_;                                    // net.ipv6.auto_flowlabels
  bool fast_open_;                                      // net.ipv4.tcp_fastopen

  ns3::Ptr<ns3::Node> node_;
  ns3::Ptr<ns3::Ipv4L3Protocol> ipv4_;
  ns3::Ptr<ns3::Ipv4StaticRouting> routing_;
  std::unique_ptr<Ipv6Stack> ipv6_;                                     // of a host that has an IPv6 address
  std::vector<std::uint32_t> interfaces_;                               // ns-3's number of each of ours
  std::unordered_map<std::uint32_t, ns3::Ptr<ns3::Ipv4Route>> routes_;  // by destination; they never change

  bool running_ = false;
  Random random_{0};
  Random ipv6_random_{0};
  std::uint64_t flow_label_key_ = 0;
  kernel::TickClock ticks_;
  std::optional<kernel::Firewall> firewall_;
  std::optional<kernel::Firewall> firewall_ipv6_;
  kernel::Reassembly incoming_;  // for the host itself
  kernel::Reassembly passing_;
  ns3::EventId fragments_expire_;
  std::uint16_t identification_ = 0;
  std::map<Endpoint, UdpSocket*> udp_;
  std::unordered_map<Flow, std::shared_ptr<TcpConnection>, FlowHash> tcp_;
  std::map<Endpoint, TcpListener*> listeners_;
  InjectedFlows injected_;
  std::map<Endpoint, unsigned> port_offsets_;  // of the next connect() to a peer, in pairs of ports
  std::map<IpAddress, kernel::CookieRequest> refused_cookies_;  // the last form that was refused
  struct RateLimit {
    Duration tokens{};
    TimePoint at{};
  };
  std::map<IpAddress, RateLimit> icmp_limits_;
  Tap tap_;
};

}  // namespace hanglab::sim
