#include "sim/ns3_stack.hh"

#include "sim/host.hh"

namespace hanglab::sim {

namespace {

std::uint32_t interface_number(const Host& host, ns3::Ptr<const ns3::NetDevice> device) {
  return static_cast<std::uint32_t>(host.ipv4()->GetInterfaceForDevice(device));
}

bool is_fragment(const ns3::Ipv4Header& header) {
  return !header.IsLastFragment() || header.GetFragmentOffset() != 0;
}

// A part of a datagram, and `header` for it.
ns3::Ptr<ns3::Packet> part(ns3::Ipv4Header& header, const kernel::Reassembly::Whole& whole, std::size_t from,
                           std::size_t size) {
  header.SetFragmentOffset(static_cast<std::uint16_t>(from));
  if (from + size < whole.payload.size())
    header.SetMoreFragments();
  else
    header.SetLastFragment();
  header.SetPayloadSize(static_cast<std::uint16_t>(size));
  return ns3::Create<ns3::Packet>(whole.payload.data() + from, static_cast<std::uint32_t>(size));
}

}  // namespace

ns3::IpL4Protocol::RxStatus TransportLayer::Receive(ns3::Ptr<ns3::Packet> packet,
                                                    const ns3::Ipv4Header& header,
                                                    ns3::Ptr<ns3::Ipv4Interface> interface) {
  host_.receive(header, packet, interface_number(host_, interface->GetDevice()));
  return RX_OK;  // closed ports are answered by the host, with the whole packet quoted
}

ns3::IpL4Protocol::RxStatus IcmpLayer::Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
                                               ns3::Ptr<ns3::Ipv4Interface> interface) {
  host_.receive(header, packet, interface_number(host_, interface->GetDevice()));
  return RX_OK;
}

FilteredRouting::FilteredRouting(Host& host)
    : host_(host),
      filter_(ns3::MakeCallback(&FilteredRouting::filtered_forward, this)),
      whole_(ns3::MakeCallback(&FilteredRouting::deliver_whole, this)) {}

bool FilteredRouting::RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                                 ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                                 MulticastForwardCallback multicast, LocalDeliverCallback local,
                                 ErrorCallback error) {
  forward_ = forward;
  local_ = local;
  in_ = interface_number(host_, device);
  return Ipv4StaticRouting::RouteInput(packet, header, device, filter_, multicast, whole_, error);
}

void FilteredRouting::filtered_forward(ns3::Ptr<ns3::Ipv4Route> route, ns3::Ptr<const ns3::Packet> packet,
                                       const ns3::Ipv4Header& header) {
  if (is_fragment(header) && host_.tracks_connections()) {
    const auto whole = host_.reassemble(header, packet, false);
    if (!whole) return;
    const std::uint32_t out = interface_number(host_, route->GetOutputDevice());
    ns3::Ipv4Header all = header;
    const auto whole_packet = part(all, *whole, 0, whole->payload.size());
    if (!host_.forward(all, whole_packet, in_, out)) return;
    // ip_do_fragment(): for the way on, in pieces no larger than came (IPCB(skb)->frag_max_size).
    const std::size_t most = std::min<std::size_t>(whole->largest, route->GetOutputDevice()->GetMtu());
    const std::size_t step = (most - header.GetSerializedSize()) & ~std::size_t{7};
    for (std::size_t at = 0; at < whole->payload.size(); at += step) {
      ns3::Ipv4Header one = all;
      const auto piece = part(one, *whole, at, std::min(step, whole->payload.size() - at));
      forward_(route, piece, one);
    }
    return;
  }
  if (host_.forward(header, packet, in_, interface_number(host_, route->GetOutputDevice())))
    forward_(route, packet, header);
}

void FilteredRouting::deliver_whole(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                                    std::uint32_t interface) {
  if (!is_fragment(header)) return local_(packet, header, interface);
  const auto whole = host_.reassemble(header, packet, true);
  if (!whole) return;
  ns3::Ipv4Header all = header;
  const auto whole_packet = part(all, *whole, 0, whole->payload.size());
  local_(whole_packet, all, interface);
}

}  // namespace hanglab::sim
