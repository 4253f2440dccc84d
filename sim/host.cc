#include "sim/host.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <sstream>

#include "core/big_endian.hh"
#include "models/linux/ipv4_header.hh"
#include "models/linux/ipv6_header.hh"
#include "scenario/addressing.hh"
#include "sim/ns3_stack.hh"

namespace hanglab::sim {

namespace {

using kernel::IpPacket;

constexpr std::size_t udp_header_size = 8;
constexpr int tcp_headers = 40;       // IPv4's and TCP's without options
constexpr int tcp_ipv6_headers = 60;  // IPv6's and TCP's
constexpr int loopback_mtu = 65535;   // of lo 65536, of which IPv4 can use no more (IP_MAX_MTU)
constexpr int loopback_ipv6_mtu = 65536;
constexpr auto no_interface = static_cast<std::uint32_t>(-1);
constexpr std::string_view loopback_name = "lo";

ns3::Ipv4Address to_ns3(Ipv4Address address) { return ns3::Ipv4Address(address.value); }

ns3::Ptr<ns3::Packet> to_ns3(ByteView bytes) {
  return ns3::Create<ns3::Packet>(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
}

ns3::Ipv4Header to_ns3(const kernel::Ipv4Header& header, std::size_t payload_size) {
  ns3::Ipv4Header made;
  made.SetSource(to_ns3(header.source));
  made.SetDestination(to_ns3(header.destination));
  made.SetProtocol(header.protocol);
  made.SetTtl(header.ttl);
  made.SetTos(header.tos);
  made.SetIdentification(header.identification);
  made.SetFragmentOffset(header.fragment_offset);
  header.dont_fragment ? made.SetDontFragment() : made.SetMayFragment();
  header.more_fragments ? made.SetMoreFragments() : made.SetLastFragment();
  made.SetPayloadSize(static_cast<std::uint16_t>(payload_size));
  return made;
}

Ipv4Address from_ns3(ns3::Ipv4Address address) { return {address.Get()}; }

// What is bound to an endpoint, or else to its port on all addresses.
template <class Map>
auto find_bound(const Map& bound, Endpoint endpoint) -> typename Map::mapped_type {
  auto it = bound.find(endpoint);
  if (it == bound.end()) it = bound.find({{}, endpoint.port});
  return it == bound.end() ? nullptr : it->second;
}

int sysctl(const scenario::Host& host, const std::string& name, int otherwise) {
  const auto it = host.sysctls.find(name);
  if (it == host.sysctls.end()) return otherwise;
  int value = otherwise;
  std::from_chars(it->second.data(), it->second.data() + it->second.size(), value);
  return value;
}

kernel::TcpSettings tcp_settings_of(const scenario::Host& host) {
  const std::pair version(host.kernel.major, host.kernel.minor);
  const bool has_linear = version >= std::pair(6, 5);
  const int orphan_retries = sysctl(host, "net.ipv4.tcp_orphan_retries", 0);
  return {.syn_retries = sysctl(host, "net.ipv4.tcp_syn_retries", 6),
          .syn_linear_timeouts = sysctl(host, "net.ipv4.tcp_syn_linear_timeouts", has_linear ? 4 : 0),
          .synack_retries = sysctl(host, "net.ipv4.tcp_synack_retries", 5),
          .retries2 = sysctl(host, "net.ipv4.tcp_retries2", 15),
          .orphan_retries = orphan_retries == 0 ? 8 : orphan_retries,
          .timestamps = sysctl(host, "net.ipv4.tcp_timestamps", 1) != 0,
          .sack = sysctl(host, "net.ipv4.tcp_sack", 1) != 0,
          .window_scaling = sysctl(host, "net.ipv4.tcp_window_scaling", 1) != 0,
          .queues_syn_errors = version >= std::pair(5, 8)};
}

std::pair<std::uint16_t, std::uint16_t> port_range_of(const scenario::Host& host) {
  std::pair<std::uint16_t, std::uint16_t> range{32768, 60999};
  const auto it = host.sysctls.find("net.ipv4.ip_local_port_range");
  if (it != host.sysctls.end()) std::istringstream(it->second) >> range.first >> range.second;
  return range;
}

Bytes whole_packet(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet) {
  Bytes payload(packet->GetSize());
  packet->CopyData(payload.data(), static_cast<std::uint32_t>(payload.size()));
  return kernel::encode({.source = from_ns3(header.GetSource()),
                         .destination = from_ns3(header.GetDestination()),
                         .protocol = header.GetProtocol(),
                         .ttl = header.GetTtl(),
                         .tos = header.GetTos(),
                         .identification = header.GetIdentification(),
                         .dont_fragment = header.IsDontFragment(),
                         .more_fragments = !header.IsLastFragment(),
                         .fragment_offset = header.GetFragmentOffset()},
                        payload);
}

// The reset that answers a segment for which there is no connection (RFC 9293 3.5.2).
kernel::TcpSegment reset_for(const kernel::TcpSegment& to) {
  kernel::TcpSegment reset{
      .source_port = to.destination_port, .destination_port = to.source_port, .rst = true};
  if (to.ack) {
    reset.sequence = to.acknowledgment;
  } else {
    reset.ack = true;
    reset.acknowledgment = to.sequence + to.length();
  }
  return reset;
}

}  // namespace

std::size_t Host::FlowHash::operator()(const Flow& flow) const {
  const auto mix = [](const Endpoint& e) {
    if (!is_ipv6(e.address)) return static_cast<std::uint64_t>(ipv4_of(e.address).value) << 16 | e.port;
    std::uint64_t mixed = e.port;
    for (const std::uint8_t byte : ipv6_of(e.address).bytes) mixed = mixed * 0x100000001b3u ^ byte;
    return mixed;
  };
  return std::hash<std::uint64_t>{}(mix(flow.local) * 0x9e3779b97f4a7c15u ^ mix(flow.remote));
}

// The stack by hand, as InternetStackHelper would insist on layers of its own.
Host::Host(const scenario::Host& settings, std::uint32_t index, const RunClock& clock)
    : settings_(settings),
      index_(index),
      clock_(clock),
      tcp_settings_(tcp_settings_of(settings)),
      port_range_(port_range_of(settings)),
      icmp_price_(std::chrono::milliseconds(sysctl(settings, "net.ipv4.icmp_ratelimit", 1000))),
      flow_labels_(sysctl(settings, "net.ipv6.auto_flowlabels", 1) % 2 == 1),
      fast_open_(sysctl(settings, "net.ipv4.tcp_fastopen", 1) != 0) {
  if (settings.sysctls.contains("net.ipv6.icmp.ratelimit"))
    icmpv6_price_ = std::chrono::milliseconds(sysctl(settings, "net.ipv6.icmp.ratelimit", 0));
  node_ = ns3::CreateObject<ns3::Node>();
  auto arp = ns3::CreateObject<ns3::ArpL3Protocol>();
  auto traffic_control = ns3::CreateObject<ns3::TrafficControlLayer>();
  ipv4_ = ns3::CreateObject<ns3::Ipv4L3Protocol>();
  routing_ = ns3::CreateObject<FilteredRouting>(*this);
  ipv4_->SetRoutingProtocol(routing_);
  ipv4_->SetAttribute("IpForward", ns3::BooleanValue(settings.forwards));
  for (const auto& part : {ns3::Ptr<ns3::Object>(arp), ns3::Ptr<ns3::Object>(ipv4_)})
    node_->AggregateObject(part);
  auto icmp = ns3::CreateObject<IcmpLayer>(*this);
  node_->AggregateObject(icmp);
  node_->AggregateObject(traffic_control);
  arp->SetTrafficControl(traffic_control);
  ipv4_->Insert(ns3::CreateObject<TransportLayer>(*this, kernel::protocol_udp));
  ipv4_->Insert(ns3::CreateObject<TransportLayer>(*this, kernel::protocol_tcp));
  interfaces_.resize(settings.interfaces.size(), no_interface);
  if (settings.has_ipv6()) ipv6_ = std::make_unique<Ipv6Stack>(*this, node_, settings);
}

Host::~Host() { end_run(); }

// --- building

void Host::add_interface(std::size_t interface, ns3::Ptr<ns3::NetDevice> device) {
  const scenario::Interface& settings = settings_.interfaces[interface];
  if (ipv6_) ipv6_->add_interface(interface, device);
  if (!settings.has_ipv4()) return;
  const std::uint32_t number = ipv4_->AddInterface(device);
  const ns3::Ipv4Mask mask(settings.address.length == 0 ? 0u : ~0u << (32 - settings.address.length));
  ipv4_->AddAddress(number, ns3::Ipv4InterfaceAddress(to_ns3(settings.address.address), mask));
  for (const Ipv4Address more : settings.more_addresses)
    ipv4_->AddAddress(number, ns3::Ipv4InterfaceAddress(to_ns3(more), mask));
  ipv4_->SetUp(number);
  interfaces_[interface] = number;
}

void Host::add_route(const scenario::Route& route) {
  const auto& prefix = route.destination;
  const ns3::Ipv4Mask mask(prefix.length == 0 ? 0u : ~0u << (32 - prefix.length));
  for (std::size_t i = 0; i < settings_.interfaces.size(); ++i) {
    if (!settings_.interfaces[i].address.contains(route.via)) continue;
    routing_->AddNetworkRouteTo(to_ns3(prefix.address), mask, to_ns3(route.via), interfaces_[i]);
    return;
  }
}

void Host::add_route(const scenario::Ipv6Route& route) {
  if (ipv6_) ipv6_->add_route(route);
}

void Host::add_neighbour(std::size_t interface, const IpAddress& address, ns3::Mac48Address mac) {
  if (is_ipv6(address)) {
    if (ipv6_) ipv6_->add_neighbour(interface, ipv6_of(address), mac);
    return;
  }
  if (interfaces_[interface] == no_interface) return;
  const auto cache = ipv4_->GetInterface(interfaces_[interface])->GetArpCache();
  const auto ns3_address = to_ns3(ipv4_of(address));
  if (cache->Lookup(ns3_address)) return;
  auto* entry = cache->Add(ns3_address);
  entry->SetMacAddress(mac);
  entry->MarkPermanent();
}

// --- runs

void Host::begin_run(std::uint64_t seed, std::uint64_t run) {
  random_ = Random(seed, run, "host/" + settings_.name);
  const Duration tick = Duration(std::chrono::seconds(1)) / settings_.kernel.hz;
  const auto span =
      static_cast<std::uint64_t>(kernel::wheel_period) * static_cast<std::uint64_t>(tick.count());
  const Duration phase(static_cast<std::int64_t>(random_.below(span)));
  ticks_ = kernel::TickClock(settings_.kernel.hz, phase);
  if (!settings_.firewall.empty()) {
    firewall_.emplace(settings_.firewall, Random(random_.next()),
                      kernel::KernelTicks{.period = tick, .age = phase});
  }
  identification_ = static_cast<std::uint16_t>(random_.next());
  ipv6_random_ = Random(seed, run, "ipv6/" + settings_.name);
  flow_label_key_ = ipv6_random_.next();
  if (!settings_.firewall_ipv6.empty())
    firewall_ipv6_.emplace(settings_.firewall_ipv6, Random(ipv6_random_.next()),
                           kernel::KernelTicks{.period = tick, .age = phase});
  running_ = true;
}

void Host::end_run() {
  running_ = false;
  listeners_.clear();
  tcp_.clear();
  udp_.clear();
  injected_.clear();
  port_offsets_.clear();
  refused_cookies_.clear();
  icmp_limits_.clear();
  incoming_ = passing_ = {};
  fragments_expire_.Cancel();
  if (ipv6_) ipv6_->end_run();
}

// --- ports and routes

ns3::Ptr<ns3::Ipv4Route> Host::route_to(Ipv4Address destination) {
  const auto known = routes_.find(destination.value);
  if (known != routes_.end()) return known->second;
  ns3::Ipv4Header header;
  header.SetDestination(to_ns3(destination));
  ns3::Socket::SocketErrno error{};
  auto route = routing_->RouteOutput(nullptr, header, nullptr, error);
  routes_.emplace(destination.value, route);
  return route;
}

bool Host::is_local(const IpAddress& address) const {
  if (is_loopback(address)) return true;
  if (is_ipv6(address)) return ipv6_ && ipv6_->owns(ipv6_of(address));
  const Ipv4Address v4 = ipv4_of(address);
  return std::ranges::any_of(settings_.interfaces, [&](const scenario::Interface& interface) {
    return interface.address.address == v4 || std::ranges::count(interface.more_addresses, v4) > 0;
  });
}

std::optional<IpAddress> Host::source_for(const IpAddress& destination) {
  constexpr Ipv4Address loopback{.value = 0x7f000001};
  if (!is_ipv6(destination) && is_loopback(destination)) return loopback;  // of its route, 127.0.0.0/8
  if (is_local(destination)) return destination;
  if (is_ipv6(destination)) {
    const auto* route = ipv6_ ? ipv6_->route_to(ipv6_of(destination)) : nullptr;
    if (!route) return {};
    return route->source;
  }
  const auto route = route_to(ipv4_of(destination));
  if (!route) return {};
  return from_ns3(route->GetSource());
}

kernel::TcpSettings Host::tcp_settings(const IpAddress& peer) {
  kernel::TcpSettings settings = tcp_settings_;
  const bool local = is_local(peer);
  if (is_ipv6(peer)) {
    // ipv6_icmp_error() queues nothing without IPV6_RECVERR, which no client sets on a stream.
    settings.queues_syn_errors = false;
    const auto* route = local || !ipv6_ ? nullptr : ipv6_->route_to(ipv6_of(peer));
    const auto mtu = route ? static_cast<int>(route->mtu) : loopback_ipv6_mtu;
    settings.mss = static_cast<std::uint16_t>(mtu - tcp_ipv6_headers);
    return settings;
  }
  const auto route = local ? nullptr : route_to(ipv4_of(peer));
  const int mtu = route ? route->GetOutputDevice()->GetMtu() : loopback_mtu;
  settings.mss = static_cast<std::uint16_t>(mtu - tcp_headers);
  return settings;
}

std::uint32_t Host::random_flow_label() {
  return flow_labels_ ? static_cast<std::uint32_t>(ipv6_random_.below(1u << 20)) : 0;
}

kernel::CookieRequest Host::cookie_request(const IpAddress& peer) const {
  const auto refused = refused_cookies_.find(peer);
  const bool once = refused != refused_cookies_.end() && refused->second == kernel::CookieRequest::standard;
  return once ? kernel::CookieRequest::experimental : kernel::CookieRequest::standard;
}

void Host::cookie_refused(const IpAddress& peer, kernel::CookieRequest how) {
  auto& refused = refused_cookies_.emplace(peer, how).first->second;
  refused = std::max(refused, how);
}

std::uint16_t Host::random_port() {
  const auto [lowest, highest] = port_range_;
  return static_cast<std::uint16_t>(lowest + random_.below(highest - lowest + 1u));
}

// As __inet_hash_connect (net/ipv4/inet_hashtables.c) finds one: connect() takes every other port, from a
// random one on for each peer and then upwards with small random steps, so that one just used does not come
// again soon.
std::uint16_t Host::port_towards(const Endpoint& peer) {
  const auto [lowest, highest] = port_range_;
  const unsigned pairs = (highest - lowest + 1u) / 2;
  if (pairs == 0) return lowest;
  const auto [known, first] = port_offsets_.try_emplace(peer);
  unsigned& offset = known->second;
  if (first) offset = static_cast<unsigned>(random_.below(pairs));
  const unsigned taken = offset % pairs;
  offset = taken + 1 + static_cast<unsigned>(random_.below(8));
  return static_cast<std::uint16_t>(lowest + 2 * taken);
}

bool Host::bind(UdpSocket& socket, Endpoint local) { return udp_.emplace(local, &socket).second; }

void Host::unbind(const UdpSocket& socket, Endpoint local) {
  const auto it = udp_.find(local);
  if (it != udp_.end() && it->second == &socket) udp_.erase(it);
}

void Host::forget(TcpConnection& connection) {
  const auto& identity = connection.socket().identity();
  const auto it = tcp_.find({.local = identity.local, .remote = identity.remote});
  if (it != tcp_.end() && it->second.get() == &connection) tcp_.erase(it);
}

std::shared_ptr<TcpConnection> Host::open_stream(SocketOwner& owner, Endpoint to) {
  const auto source = source_for(to.address);
  if (!source) return nullptr;
  Flow flow{.local = {*source, port_towards(to)}, .remote = to};
  while (tcp_.contains(flow)) flow.local.port = port_towards(to);
  auto connection = std::make_shared<TcpConnection>(
      *this, &owner,
      kernel::TcpSocket::Identity{
          .local = flow.local, .remote = to, .initial_sequence = random32(), .timestamp_offset = random32()});
  tcp_.emplace(flow, connection);
  return connection;
}

// --- sending

int Host::send(const Outgoing& outgoing, Bytes message) {
  return is_ipv6(outgoing.destination) ? send_ipv6(outgoing, message) : send_ipv4(outgoing, message);
}

int Host::pass_output(ByteView packet, std::string_view out_interface) {
  auto& firewall = firewall_for(packet);
  if (!firewall) return 0;
  const auto verdict = firewall->verdict(kernel::Hook::output,
                                         {.bytes = packet, .out_interface = out_interface}, clock_.now());
  if (verdict.kind == kernel::Verdict::Kind::reject) reject(packet, verdict.reject_with);
  return verdict.kind == kernel::Verdict::Kind::accept ? 0 : EPERM;
}

int Host::send_ipv4(const Outgoing& outgoing, const Bytes& message) {
  const bool local = is_local(outgoing.destination);
  const auto route = local ? nullptr : route_to(ipv4_of(outgoing.destination));
  if (!local && !route) return ENETUNREACH;
  kernel::Ipv4Header header{.source = ipv4_of(outgoing.source),
                            .destination = ipv4_of(outgoing.destination),
                            .protocol = outgoing.protocol,
                            .identification = identification_++,
                            .dont_fragment = outgoing.dont_fragment};
  const bool needs_whole = firewall_.has_value() || local;
  Bytes packet = needs_whole ? kernel::encode(header, message) : Bytes{};
  if (firewall_) {
    const std::string_view out =
        local ? loopback_name : interface_name(ipv4_->GetInterfaceForDevice(route->GetOutputDevice()));
    if (const int error = pass_output(packet, out); error != 0) return error;
  }
  if (local) {
    deliver_locally(std::move(packet));
    return 0;
  }
  const bool fits = message.size() + kernel::ipv4_header_size <= route->GetOutputDevice()->GetMtu();
  header.dont_fragment = header.dont_fragment && fits;
  ipv4_->SendWithHeader(to_ns3(message), to_ns3(header, message.size()), route);
  return 0;
}

// The firewall sees the packet whole; fragments are made behind it (ip6_finish_output).
int Host::send_ipv6(const Outgoing& outgoing, const Bytes& message) {
  const bool local = is_local(outgoing.destination);
  const auto* route = local || !ipv6_ ? nullptr : ipv6_->route_to(ipv6_of(outgoing.destination));
  if (!local && !route) return ENETUNREACH;
  const kernel::Ipv6Header header{.source = ipv6_of(outgoing.source),
                                  .destination = ipv6_of(outgoing.destination),
                                  .next_header = outgoing.protocol,
                                  .flow_label = outgoing.flow_label.value_or(flow_label(outgoing, message))};
  Bytes packet = kernel::encode(header, message);
  const std::string_view out =
      local ? loopback_name : std::string_view(settings_.interfaces[route->interface].name);
  if (const int error = pass_output(packet, out); error != 0) return error;
  if (local) {
    deliver_locally(std::move(packet));
    return 0;
  }
  if (packet.size() <= route->mtu) {
    ipv6_->send(*route, packet);
    return 0;
  }
  const auto identification = static_cast<std::uint32_t>(1 + ipv6_random_.below(0xffffffff));
  for (const Bytes& piece : kernel::encode_for_mtu(header, message, route->mtu, identification))
    ipv6_->send(*route, piece);
  return 0;
}

// ip6_make_flowlabel(): what the kernel's hash of the flow is, which no one outside can tell from chance.
std::uint32_t Host::flow_label(const Outgoing& outgoing, ByteView message) const {
  if (!flow_labels_) return 0;
  const bool has_ports = outgoing.protocol != kernel::protocol_icmpv6;
  const Flow flow{.local = {outgoing.source, has_ports ? get_u16(message, 0) : std::uint16_t{0}},
                  .remote = {outgoing.destination, has_ports ? get_u16(message, 2) : std::uint16_t{0}}};
  return static_cast<std::uint32_t>(Random(flow_label_key_ ^ FlowHash{}(flow)).below(1u << 20));
}

std::optional<kernel::Firewall>& Host::firewall_for(ByteView packet) {
  return packet[0] >> 4 == 6 ? firewall_ipv6_ : firewall_;
}

int Host::inject(Bytes packet) {
  return packet[0] >> 4 == 6 ? inject_ipv6(std::move(packet)) : inject_ipv4(std::move(packet));
}

int Host::inject_ipv4(Bytes packet) {
  const auto ip = kernel::decode_ipv4(packet);
  const auto route = is_local(ip->header.destination) ? nullptr : route_to(ip->header.destination);
  if (!route) return ENETUNREACH;
  injected_.outgoing(packet);
  ipv4_->SendWithHeader(to_ns3(ip->payload), to_ns3(ip->header, ip->payload.size()), route);
  return 0;
}

int Host::inject_ipv6(Bytes packet) {
  const auto ip = kernel::decode_ipv6(packet);
  const auto& to = ip->header.destination;
  const auto* route = is_local(to) || !ipv6_ ? nullptr : ipv6_->route_to(to);
  if (!route) return ENETUNREACH;
  const auto end = static_cast<std::size_t>(ip->payload.data() + ip->payload.size() - packet.data());
  packet.resize(end);  // behind it is an Ethernet frame's padding
  injected_.outgoing(packet);
  ipv6_->send(*route, packet);
  return 0;
}

// By the loopback interface: out and in again, at once but not from within the sender.
void Host::deliver_locally(Bytes packet) {
  if (tap_) {
    const auto lo = static_cast<std::uint32_t>(settings_.interfaces.size());
    tap_({.at = clock_.now().time_since_epoch(),
          .host = index_,
          .interface = lo,
          .direction = Direction::in,
          .bytes = packet});
  }
  ns3::Simulator::ScheduleNow([this, packet = std::move(packet)] {
    if (running_) deliver(packet, loopback_name);
  });
}

void Host::send_reset(const IpAddress& source, const IpAddress& destination, const kernel::TcpSegment& to,
                      std::optional<std::uint32_t> flow_label) {
  send({.protocol = kernel::protocol_tcp,
        .source = source,
        .destination = destination,
        .flow_label = flow_label},
       kernel::encode(reset_for(to), source, destination));
}

// What a REJECT rule answers, from within the hook: the answer passes OUTPUT itself.
void Host::reject(ByteView packet, kernel::RejectWith how) {
  if (how != kernel::RejectWith::tcp_reset) return send_icmp_unreachable(packet, kernel::icmp_code(how));
  const auto ip = kernel::decode_ip(packet);
  const auto segment = ip ? kernel::decode_tcp(ip->payload) : std::nullopt;
  if (!segment || segment->rst) return;
  constexpr std::uint32_t no_flow_label = 0;  // nf_reject_ip6hdr_put()
  if (!is_local(ip->source)) return send_reset(ip->destination, ip->source, *segment, no_flow_label);
  // Our own segment: the reset seems to come from the peer, and never leaves.
  const Bytes reset = kernel::encode(reset_for(*segment), ip->destination, ip->source);
  if (is_ipv6(ip->source))
    deliver_locally(kernel::encode(kernel::Ipv6Header{.source = ipv6_of(ip->destination),
                                                      .destination = ipv6_of(ip->source),
                                                      .next_header = kernel::protocol_tcp},
                                   reset));
  else
    deliver_locally(kernel::encode(kernel::Ipv4Header{.source = ipv4_of(ip->destination),
                                                      .destination = ipv4_of(ip->source),
                                                      .protocol = kernel::protocol_tcp},
                                   reset));
}

// What an ICMP error costs its peer's budget: net.ipv4.icmp_ratelimit, net.ipv6.icmp.ratelimit. The latter is
// 100 ms by default on 6.18; before it is a second, and less for peers that a wider prefix leads to
// (icmpv6_xrlim_allow).
Duration Host::icmp_price(const IpAddress& peer) {
  if (!is_ipv6(peer)) return icmp_price_;
  const bool scales = std::pair(settings_.kernel.major, settings_.kernel.minor) < std::pair(6, 18);
  Duration price = icmpv6_price_.value_or(std::chrono::milliseconds(scales ? 1000 : 100));
  const auto* route = ipv6_ ? ipv6_->route_to(ipv6_of(peer)) : nullptr;
  if (scales && route) price /= 1 << ((128 - route->prefix_length) >> 5);
  return price;
}

// One for each price's time and peer, six in a burst (net/ipv4/route.c, inetpeer.c, icmp.c; net/ipv6/icmp.c).
bool Host::icmp_rate_allows(const IpAddress& peer) {
  const Duration price = icmp_price(peer);
  if (price == Duration(0)) return true;
  const Duration most = 6 * price;
  const TimePoint now = clock_.now();
  auto [it, first] = icmp_limits_.try_emplace(peer, RateLimit{.tokens = most, .at = now});
  RateLimit& limit = it->second;
  limit.tokens = std::min(limit.tokens + (now - limit.at), most);
  limit.at = now;
  if (limit.tokens < price) return false;
  limit.tokens -= price;
  return true;
}

void Host::send_icmp_unreachable(ByteView packet, std::uint8_t code) {
  const auto ip = kernel::decode_ip(packet);
  if (!ip || ip->later_fragment) return;
  const bool own = is_local(ip->source);
  if (!own && !icmp_rate_allows(ip->source)) return;
  IpAddress source = ip->source;  // our own packet's error comes from ourselves
  if (!own) source = is_local(ip->destination) ? ip->destination : source_for(ip->source).value_or(source);
  send({.protocol = is_ipv6(source) ? kernel::protocol_icmpv6 : kernel::protocol_icmp,
        .source = source,
        .destination = ip->source,
        .dont_fragment = false},
       kernel::encode_unreachable(code, packet, source, ip->source));
}

// Of those that icmp.ratemask names, as "packet too big" is not.
void Host::send_icmpv6_error(std::uint8_t type, std::uint8_t code, ByteView packet, std::uint32_t parameter) {
  const auto ip = kernel::decode_ip(packet);
  const bool limited = type != kernel::icmpv6_packet_too_big;
  if (!ip || ip->later_fragment || (limited && !icmp_rate_allows(ip->source))) return;
  const auto source = is_local(ip->destination) ? ip->destination : source_for(ip->source);
  if (!source) return;
  send({.protocol = kernel::protocol_icmpv6, .source = *source, .destination = ip->source},
       kernel::encode_icmpv6_error(type, code, packet, ipv6_of(*source), ipv6_of(ip->source), parameter));
}

// --- receiving

std::string_view Host::interface_name(std::uint32_t number) const {
  const auto it = std::ranges::find(interfaces_, number);
  return it == interfaces_.end()
             ? loopback_name
             : std::string_view(
                   settings_.interfaces[static_cast<std::size_t>(it - interfaces_.begin())].name);
}

void Host::set_tap(Tap tap) {
  tap_ = std::move(tap);
  ipv4_->TraceConnectWithoutContext("Tx", ns3::MakeCallback(&Host::observe_out, this));
  ipv4_->TraceConnectWithoutContext("Rx", ns3::MakeCallback(&Host::observe_in, this));
  if (ipv6_) ipv6_->set_tap();
}

void Host::observe_out(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4>, std::uint32_t interface) {
  observe(packet, interface, Direction::out);
}

void Host::observe_in(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv4>, std::uint32_t interface) {
  observe(packet, interface, Direction::in);
}

void Host::observe(ns3::Ptr<const ns3::Packet> packet, std::uint32_t number, Direction direction) {
  const auto it = std::ranges::find(interfaces_, number);
  if (!running_ || it == interfaces_.end()) return;
  PacketEvent event{.at = clock_.now().time_since_epoch(),
                    .host = index_,
                    .interface = static_cast<std::uint32_t>(it - interfaces_.begin()),
                    .direction = direction};
  event.bytes.resize(packet->GetSize());
  packet->CopyData(event.bytes.data(), static_cast<std::uint32_t>(event.bytes.size()));
  tap_(std::move(event));
}

void Host::observe(ByteView packet, std::size_t interface, Direction direction) {
  if (!running_ || !tap_) return;
  tap_({.at = clock_.now().time_since_epoch(),
        .host = index_,
        .interface = static_cast<std::uint32_t>(interface),
        .direction = direction,
        .bytes = Bytes(packet.begin(), packet.end())});
}

void Host::receive(ByteView packet, std::size_t interface) {
  if (running_) deliver(packet, settings_.interfaces[interface].name);
}

bool Host::forward(ByteView packet, std::size_t in, std::size_t out) {
  if (!running_) return false;
  if (!firewall_ipv6_) return true;
  const auto verdict = firewall_ipv6_->verdict(kernel::Hook::forward,
                                               {.bytes = packet,
                                                .in_interface = settings_.interfaces[in].name,
                                                .out_interface = settings_.interfaces[out].name},
                                               clock_.now());
  if (verdict.kind == kernel::Verdict::Kind::reject) reject(packet, verdict.reject_with);
  return verdict.kind == kernel::Verdict::Kind::accept;
}

void Host::receive(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet,
                   std::uint32_t interface) {
  if (running_) deliver(whole_packet(header, packet), interface_name(interface));
}

bool Host::forward(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet, std::uint32_t in,
                   std::uint32_t out) {
  if (!running_) return false;
  if (!firewall_) return true;
  const Bytes bytes = whole_packet(header, packet);
  const auto verdict = firewall_->verdict(
      kernel::Hook::forward,
      {.bytes = bytes, .in_interface = interface_name(in), .out_interface = interface_name(out)},
      clock_.now());
  if (verdict.kind == kernel::Verdict::Kind::reject) reject(bytes, verdict.reject_with);
  return verdict.kind == kernel::Verdict::Kind::accept;
}

std::optional<kernel::Reassembly::Whole> Host::reassemble(const ns3::Ipv4Header& header,
                                                          ns3::Ptr<const ns3::Packet> packet, bool local) {
  if (!running_) return {};
  const Bytes bytes = whole_packet(header, packet);
  const auto ip = kernel::decode_ipv4(bytes);
  auto whole = (local ? incoming_ : passing_).add(ip->header, ip->payload, clock_.now());
  schedule_expiry();
  return whole;
}

void Host::schedule_expiry() {
  fragments_expire_.Cancel();
  auto next = incoming_.deadline();
  if (const auto passing = passing_.deadline(); passing && (!next || *passing < *next)) next = passing;
  if (next) fragments_expire_ = ns3::Simulator::Schedule(clock_.until(*next), &Host::give_up_fragments, this);
}

// ip_expire(): the sender is told by the host that the datagram was for, if the first fragment came.
void Host::give_up_fragments() {
  passing_.expire(clock_.now());
  for (const Bytes& first : incoming_.expire(clock_.now())) {
    const auto header = kernel::decode_ipv4(first)->header;
    if (!icmp_rate_allows(header.source)) continue;
    send({.protocol = kernel::protocol_icmp,
          .source = header.destination,
          .destination = header.source,
          .dont_fragment = false},
         kernel::encode_icmp_error(kernel::icmp_time_exceeded, kernel::icmp_reassembly_time_exceeded, first));
  }
  schedule_expiry();
}

void Host::deliver(ByteView packet, std::string_view in_interface) {
  if (auto& firewall = firewall_for(packet)) {
    const auto verdict =
        firewall->verdict(kernel::Hook::input, {.bytes = packet, .in_interface = in_interface}, clock_.now());
    if (verdict.kind == kernel::Verdict::Kind::reject) reject(packet, verdict.reject_with);
    if (verdict.kind != kernel::Verdict::Kind::accept) return;
  }
  if (!injected_.empty() && injected_.incoming(packet)) return;
  const auto ip = kernel::decode_ip(packet);
  if (!ip) return;
  const bool v6 = is_ipv6(ip->source);
  if (ip->protocol == kernel::protocol_udp) return deliver_udp(packet, *ip);
  if (ip->protocol == kernel::protocol_tcp) return deliver_tcp(*ip);
  if (ip->protocol == (v6 ? kernel::protocol_icmpv6 : kernel::protocol_icmp)) return deliver_icmp(*ip);
  if (const auto how = kernel::protocol_unreachable(version_of(ip->source)))
    send_icmp_unreachable(packet, kernel::icmp_code(*how));
}

void Host::deliver_udp(ByteView packet, const IpPacket& ip) {
  const ByteView message = ip.payload;
  if (message.size() < udp_header_size) return;
  Datagram datagram{.from = {ip.source, get_u16(message, 0)},
                    .to = {ip.destination, get_u16(message, 2)},
                    .payload = Bytes(message.begin() + udp_header_size, message.end())};
  UdpSocket* socket = find_bound(udp_, datagram.to);
  if (socket && (!socket->peer() || *socket->peer() == datagram.from))
    socket->receive(std::move(datagram));
  else
    send_icmp_unreachable(packet, kernel::icmp_code(kernel::port_unreachable(version_of(ip.source))));
}

void Host::deliver_tcp(const IpPacket& ip) {
  const auto segment = kernel::decode_tcp(ip.payload);
  if (!segment) return;
  const Flow flow{.local = {ip.destination, segment->destination_port},
                  .remote = {ip.source, segment->source_port}};
  if (const auto it = tcp_.find(flow); it != tcp_.end()) {
    const auto connection = it->second;  // it may be forgotten while it is at work
    return connection->receive(*segment);
  }
  TcpListener* listener = find_bound(listeners_, flow.local);
  if (listener && segment->syn && !segment->ack) {
    auto connection =
        std::make_shared<TcpConnection>(*this, nullptr,
                                        kernel::TcpSocket::Identity{.local = flow.local,
                                                                    .remote = flow.remote,
                                                                    .initial_sequence = random32(),
                                                                    .timestamp_offset = random32()});
    connection->set_listener(listener);
    tcp_.emplace(flow, connection);
    connection->socket().accept(clock_.now(), *segment);
    return connection->settle();
  }
  if (!segment->rst) send_reset(ip.destination, ip.source, *segment);
}

// An error about something that we sent: to the socket that sent it.
void Host::deliver_icmp(const IpPacket& ip) {
  const auto unreachable = kernel::decode_unreachable(ip);
  if (!unreachable) return;
  const IpPacket& about = unreachable->about;
  if (about.payload.size() < udp_header_size || !is_local(about.source)) return;
  const Flow flow{.local = {about.source, get_u16(about.payload, 0)},
                  .remote = {about.destination, get_u16(about.payload, 2)}};
  if (about.protocol == kernel::protocol_udp) {
    if (UdpSocket* socket = find_bound(udp_, flow.local))
      socket->icmp_error(flow.remote, unreachable->error, unreachable->final);
  } else if (about.protocol == kernel::protocol_tcp) {
    const auto it = tcp_.find(flow);
    if (it == tcp_.end()) return;
    const auto connection = it->second;
    connection->icmp_error(unreachable->error);
  }
}

}  // namespace hanglab::sim
