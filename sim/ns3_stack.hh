// What plugs a Host into ns-3's IPv4 stack: a transport layer that hands every datagram up whole, an
// ICMP layer that lets the host see errors first, and a routing protocol that has the host reassemble
// fragments and asks it before it forwards.
#pragma once

#include <ns3/internet-module.h>

namespace hanglab::sim {

class Host;

class TransportLayer final : public ns3::IpL4Protocol {
 public:
  TransportLayer(Host& host, int protocol) : host_(host), protocol_(protocol) {}

  int GetProtocolNumber() const override { return protocol_; }
  RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
                   ns3::Ptr<ns3::Ipv4Interface> interface) override;
  RxStatus Receive(ns3::Ptr<ns3::Packet>, const ns3::Ipv6Header&, ns3::Ptr<ns3::Ipv6Interface>) override {
    return RX_ENDPOINT_UNREACH;
  }
  void SetDownTarget(DownTargetCallback) override {}
  void SetDownTarget6(DownTargetCallback6) override {}
  DownTargetCallback GetDownTarget() const override { return {}; }
  DownTargetCallback6 GetDownTarget6() const override { return {}; }

 private:
  Host& host_;
  int protocol_;
};

// ns-3 itself needs an ICMP layer to say "time exceeded"; what arrives goes to the host.
class IcmpLayer final : public ns3::Icmpv4L4Protocol {
 public:
  explicit IcmpLayer(Host& host) : host_(host) {}

  RxStatus Receive(ns3::Ptr<ns3::Packet> packet, const ns3::Ipv4Header& header,
                   ns3::Ptr<ns3::Ipv4Interface> interface) override;

 private:
  Host& host_;
};

class FilteredRouting final : public ns3::Ipv4StaticRouting {
 public:
  explicit FilteredRouting(Host& host);

  bool RouteInput(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                  ns3::Ptr<const ns3::NetDevice> device, UnicastForwardCallback forward,
                  MulticastForwardCallback multicast, LocalDeliverCallback local,
                  ErrorCallback error) override;

 private:
  void filtered_forward(ns3::Ptr<ns3::Ipv4Route> route, ns3::Ptr<const ns3::Packet> packet,
                        const ns3::Ipv4Header& header);
  void deliver_whole(ns3::Ptr<const ns3::Packet> packet, const ns3::Ipv4Header& header,
                     std::uint32_t interface);

  Host& host_;
  UnicastForwardCallback filter_;
  LocalDeliverCallback whole_;
  UnicastForwardCallback forward_;  // ns-3's own, while one packet is routed
  LocalDeliverCallback local_;
  std::uint32_t in_ = 0;
};

}  // namespace hanglab::sim
