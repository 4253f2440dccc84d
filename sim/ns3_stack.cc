#include "sim/ns3_stack.hh"

#include "sim/host.hh"

namespace hanglab::sim {

namespace {

std::uint32_t interface_number(const Host& host, ns3::Ptr<const ns3::NetDevice> device) {
  return static_cast<std::uint32_t>(host.ipv4()->GetInterfaceForDevice(device));
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
    : host_(host), filter_(ns3::MakeCallback(&FilteredRouting::filtered_forward, this)) {}

bool FilteredRouting::RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                                 ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                                 MulticastForwardCallback multicast, LocalDeliverCallback local,
                                 ErrorCallback error) {
  forward_ = forward;
  in_ = interface_number(host_, device);
  return Ipv4StaticRouting::RouteInput(packet, header, device, filter_, multicast, local, error);
}

void FilteredRouting::filtered_forward(ns3::Ptr<ns3::Ipv4Route> route, ns3::Ptr<const ns3::Packet> packet,
                                       const ns3::Ipv4Header& header) {
  if (host_.forward(header, packet, in_, interface_number(host_, route->GetOutputDevice())))
    forward_(route, packet, header);
}

}  // namespace hanglab::sim
