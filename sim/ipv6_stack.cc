#include "sim/ipv6_stack.hh"

#include <algorithm>

#include "models/linux/ipv6_header.hh"
#include "sim/host.hh"

namespace hanglab::sim {

namespace {

constexpr auto no_interface = static_cast<std::uint32_t>(-1);

ns3::Ipv6Address to_ns3(const Ipv6Address& address) {
  auto bytes = address.bytes;
  return ns3::Ipv6Address(bytes.data());
}

Ipv6Address from_ns3(const ns3::Ipv6Address& address) {
  Ipv6Address copy;
  address.GetBytes(copy.bytes.data());
  return copy;
}

Bytes bytes_of(ns3::Ptr<const ns3::Packet> packet) {
  Bytes bytes(packet->GetSize());
  packet->CopyData(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  return bytes;
}

Bytes whole_packet(const ns3::Ipv6Header& header, ns3::Ptr<const ns3::Packet> packet) {
  return kernel::encode(kernel::Ipv6Header{.source = from_ns3(header.GetSource()),
                                           .destination = from_ns3(header.GetDestination()),
                                           .next_header = header.GetNextHeader(),
                                           .hop_limit = header.GetHopLimit(),
                                           .traffic_class = header.GetTrafficClass(),
                                           .flow_label = header.GetFlowLabel()},
                        bytes_of(packet));
}

// Takes the IPv6 header off, as ns-3 wants the two.
ns3::Ptr<ns3::Packet> split(ByteView bytes, ns3::Ipv6Header& header) {
  const auto packet = ns3::Create<ns3::Packet>(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  packet->RemoveHeader(header);
  return packet;
}

// Router and neighbour discovery, which is ns-3's own (RFC 4861).
bool is_discovery(const ns3::Ipv6Header& header, ns3::Ptr<const ns3::Packet> packet) {
  if (header.GetNextHeader() != kernel::protocol_icmpv6 || packet->GetSize() == 0) return false;
  std::uint8_t type = 0;
  packet->CopyData(&type, 1);
  return type >= 133 && type <= 137;
}

}  // namespace

// What comes in, by its destination: to the host, to others, or to ns-3's neighbour discovery. ns-3's own
// forwarding would throw documentation addresses away (2001:db8::/32, RFC 3849), which scenarios are made of.
class Ipv6Stack::Routing final : public ns3::Ipv6StaticRouting {
 public:
  explicit Routing(Ipv6Stack& stack) : stack_(stack) {}

  bool RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv6Header& header,
                  ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                  MulticastForwardCallback multicast, LocalDeliverCallback local,
                  ErrorCallback error) override {
    const auto interface = stack_.interface_of(device);
    const Ipv6Address destination = from_ns3(header.GetDestination());
    if (!interface || is_multicast(destination) || is_discovery(header, packet))
      return Ipv6StaticRouting::RouteInput(packet, header, device, forward, multicast, local, error);
    if (!stack_.host_.running()) return true;
    if (stack_.owns(destination))
      stack_.receive(whole_packet(header, packet), *interface);
    else if (stack_.settings_.forwards_ipv6)
      stack_.forward(whole_packet(header, packet), *interface);
    return true;
  }

 private:
  Ipv6Stack& stack_;
};

Ipv6Stack::Ipv6Stack(Host& host, ns3::Ptr<ns3::Node> node, const scenario::Host& settings)
    : host_(host), settings_(settings), numbers_(settings.interfaces.size(), no_interface) {
  ipv6_ = ns3::CreateObject<ns3::Ipv6L3Protocol>();
  ipv6_->SetRoutingProtocol(ns3::CreateObject<Routing>(*this));
  const auto icmp = ns3::CreateObject<ns3::Icmpv6L4Protocol>();
  icmp->SetAttribute("DAD", ns3::BooleanValue(false));
  node->AggregateObject(ipv6_);
  node->AggregateObject(icmp);
  ipv6_->RegisterExtensions();
}

void Ipv6Stack::add_interface(std::size_t interface, ns3::Ptr<ns3::NetDevice> device) {
  const auto& addresses = settings_.interfaces[interface].ipv6_addresses;
  if (addresses.empty()) return;
  const std::uint32_t number = ipv6_->AddInterface(device);
  numbers_[interface] = number;
  // ns-3 is not told the addresses: what is for them would not come by Routing.
  for (const Ipv6Prefix& prefix : addresses)
    table_.push_back({.destination = prefix, .interface = interface, .via = {}});
  ipv6_->SetUp(number);
}

void Ipv6Stack::add_route(const scenario::Ipv6Route& route) {
  for (std::size_t i = 0; i < settings_.interfaces.size(); ++i) {
    const auto leads_there = [&](const Ipv6Prefix& own) { return own.contains(route.via); };
    if (std::ranges::none_of(settings_.interfaces[i].ipv6_addresses, leads_there)) continue;
    table_.push_back({.destination = route.destination, .interface = i, .via = route.via});
    return;
  }
}

void Ipv6Stack::add_neighbour(std::size_t interface, const Ipv6Address& address, ns3::Mac48Address mac) {
  if (numbers_[interface] == no_interface) return;
  const auto cache = ipv6_->GetInterface(numbers_[interface])->GetNdiscCache();
  if (cache->Lookup(to_ns3(address))) return;
  auto* entry = cache->Add(to_ns3(address));
  entry->SetMacAddress(mac);
  entry->MarkPermanent();
}

// --- sending

bool Ipv6Stack::owns(const Ipv6Address& address) const {
  return std::ranges::any_of(settings_.interfaces, [&](const scenario::Interface& interface) {
    return std::ranges::find(interface.ipv6_addresses, address, &Ipv6Prefix::address) !=
           interface.ipv6_addresses.end();
  });
}

std::optional<Ipv6Stack::Route> Ipv6Stack::find_route(const Ipv6Address& destination) const {
  const Entry* best = nullptr;
  for (const Entry& entry : table_)
    if (entry.destination.contains(destination) &&
        (!best || entry.destination.length > best->destination.length))
      best = &entry;
  if (!best) return {};
  const auto& interface = settings_.interfaces[best->interface];
  const auto in_common = [&](const Ipv6Prefix& own) {
    return std::min(common_prefix(own.address, destination), own.length);
  };
  const auto source = std::ranges::max_element(interface.ipv6_addresses, {}, in_common);
  return Route{.interface = best->interface,
               .next_hop = best->via.value_or(destination),
               .source = source->address,
               .mtu = interface.mtu,
               .prefix_length = best->destination.length};
}

const Ipv6Stack::Route* Ipv6Stack::route_to(const Ipv6Address& destination) {
  auto [known, is_new] = routes_.try_emplace(destination);
  if (is_new) known->second = find_route(destination);
  return known->second ? &*known->second : nullptr;
}

void Ipv6Stack::send(const Route& route, ByteView bytes) {
  ns3::Ipv6Header header;
  const auto packet = split(bytes, header);
  host_.observe(bytes, route.interface, Direction::out);
  ipv6_->GetInterface(numbers_[route.interface])->Send(packet, header, to_ns3(route.next_hop));
}

// --- receiving

std::optional<std::size_t> Ipv6Stack::interface_of(ns3::Ptr<const ns3::NetDevice> device) const {
  const auto number = static_cast<std::uint32_t>(ipv6_->GetInterfaceForDevice(device));
  const auto it = std::ranges::find(numbers_, number);
  if (number == no_interface || it == numbers_.end()) return {};
  return static_cast<std::size_t>(it - numbers_.begin());
}

// What leaves is seen by send().
void Ipv6Stack::set_tap() {
  ipv6_->TraceConnectWithoutContext("Rx", ns3::MakeCallback(&Ipv6Stack::observe_in, this));
}

// How neighbours look for one that does not answer is no part of a capture, as ARP is none.
void Ipv6Stack::observe_in(ns3::Ptr<const ns3::Packet> packet, ns3::Ptr<ns3::Ipv6>, std::uint32_t number) {
  const auto it = std::ranges::find(numbers_, number);
  const Bytes bytes = bytes_of(packet);
  const auto ip = kernel::decode_ipv6(bytes);
  if (it == numbers_.end() || !ip || is_multicast(ip->header.destination)) return;
  host_.observe(bytes, static_cast<std::size_t>(it - numbers_.begin()), Direction::in);
}

void Ipv6Stack::receive(ByteView bytes, std::size_t interface) {
  const auto piece = kernel::decode_ipv6(bytes);
  if (!piece) return;
  if (!piece->header.fragment) return host_.receive(bytes, interface);
  const auto whole = incoming_.add(piece->header, piece->payload, host_.clock().now());
  schedule_expiry();
  if (whole) host_.receive(kernel::encode(whole->header, whole->payload), interface);
}

// ip6_forward(). Connection tracking puts fragments together before any rule sees them; ip6_fragment() takes
// them apart again for the way on, into pieces no larger than came (IP6CB(skb)->frag_max_size).
void Ipv6Stack::forward(ByteView bytes, std::size_t in) {
  auto packet = kernel::decode_ipv6(bytes);
  if (!packet) return;
  const Route* route = route_to(packet->header.destination);
  if (!route)
    return host_.send_icmp_unreachable(bytes, kernel::icmp_code(kernel::RejectWith::icmp6_no_route));
  std::optional<kernel::Ipv6Reassembly::Whole> whole;
  const auto fragment = packet->header.fragment;
  if (fragment && host_.tracks_connections(IpVersion::v6)) {
    whole = passing_.add(packet->header, packet->payload, host_.clock().now());
    schedule_expiry();
    if (!whole) return;
    packet = {.header = whole->header, .payload = whole->payload};
  }
  if (packet->header.hop_limit <= 1)
    return host_.send_icmpv6_error(kernel::icmpv6_time_exceeded, kernel::icmpv6_hop_limit_exceeded, bytes);
  if (bytes.size() > route->mtu)
    return host_.send_icmpv6_error(kernel::icmpv6_packet_too_big, 0, bytes,
                                   static_cast<std::uint32_t>(route->mtu));
  --packet->header.hop_limit;
  const Bytes on_its_way = kernel::encode(packet->header, packet->payload);
  if (!host_.forward(on_its_way, in, route->interface)) return;
  if (!whole) return send(*route, on_its_way);
  const std::size_t most = std::min(whole->largest, route->mtu);
  for (const Bytes& piece :
       kernel::encode_for_mtu(packet->header, packet->payload, most, fragment->identification))
    send(*route, piece);
}

void Ipv6Stack::schedule_expiry() {
  fragments_expire_.Cancel();
  auto next = incoming_.deadline();
  if (const auto passing = passing_.deadline(); passing && (!next || *passing < *next)) next = passing;
  if (next)
    fragments_expire_ =
        ns3::Simulator::Schedule(host_.clock().until(*next), &Ipv6Stack::give_up_fragments, this);
}

// ip6frag_expire_frag_queue(): the sender is told, if the first fragment came.
void Ipv6Stack::give_up_fragments() {
  passing_.expire(host_.clock().now());
  for (const Bytes& first : incoming_.expire(host_.clock().now()))
    host_.send_icmpv6_error(kernel::icmpv6_time_exceeded, kernel::icmpv6_reassembly_time_exceeded, first);
  schedule_expiry();
}

void Ipv6Stack::end_run() {
  incoming_ = {};
  passing_ = {};
  fragments_expire_.Cancel();
}

}  // namespace hanglab::sim
