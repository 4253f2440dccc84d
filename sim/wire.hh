// One end of a full-duplex wire as an ns-3 net device: serialisation at a rate behind a queue, then
// propagation, then what the link does to its packets (impairments.hh). Frames keep their Ethernet addresses
// beside them and count 14 bytes for the header; one that is larger than the receiving
// end's MTU is dropped there, without a word, as veth does (Linux net/core/dev.c, is_skb_forwardable); there
// is no medium to share and nothing to collide with, so each direction stands alone. A wire serves hosts and,
// as it can send for others, bridge ports.
#pragma once

#include <ns3/channel.h>
#include <ns3/mac48-address.h>
#include <ns3/net-device.h>
#include <ns3/node.h>

#include <deque>
#include <optional>

#include "scenario/scenario.hh"
#include "sim/impairments.hh"
#include "sim/time.hh"

namespace hanglab::sim {

class WireDevice final : public ns3::NetDevice {
 public:
  static constexpr std::size_t queue =
      1000;  // packets, as txqueuelen of an Ethernet device; more are dropped

  // `a` and `b` are the ends that the link calls so. It must outlive both.
  static void connect(ns3::Ptr<WireDevice> a, ns3::Ptr<WireDevice> b, const scenario::Link& link);

  // A run begins now. Before the first the link loses nothing and has no jitter.
  void begin_run(std::uint64_t seed, std::uint64_t run);

  // ns3::NetDevice
  bool Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& destination, std::uint16_t protocol) override;
  bool SendFrom(ns3::Ptr<ns3::Packet> packet, const ns3::Address& source, const ns3::Address& destination,
                std::uint16_t protocol) override;
  void SetIfIndex(std::uint32_t index) override { index_ = index; }
  std::uint32_t GetIfIndex() const override { return index_; }
  ns3::Ptr<ns3::Channel> GetChannel() const override { return nullptr; }
  void SetAddress(ns3::Address address) override { address_ = ns3::Mac48Address::ConvertFrom(address); }
  ns3::Address GetAddress() const override { return address_; }
  bool SetMtu(std::uint16_t mtu) override { return mtu_ = mtu, true; }
  std::uint16_t GetMtu() const override { return mtu_; }
  bool IsLinkUp() const override { return peer_ != nullptr; }
  void AddLinkChangeCallback(ns3::Callback<void>) override {}
  bool IsBroadcast() const override { return true; }
  ns3::Address GetBroadcast() const override { return ns3::Mac48Address::GetBroadcast(); }
  bool IsMulticast() const override { return true; }
  ns3::Address GetMulticast(ns3::Ipv4Address group) const override {
    return ns3::Mac48Address::GetMulticast(group);
  }
  ns3::Address GetMulticast(ns3::Ipv6Address group) const override {
    return ns3::Mac48Address::GetMulticast(group);
  }
  bool IsBridge() const override { return false; }
  bool IsPointToPoint() const override { return false; }
  ns3::Ptr<ns3::Node> GetNode() const override { return node_; }
  void SetNode(ns3::Ptr<ns3::Node> node) override { node_ = node; }
  bool NeedsArp() const override { return true; }
  void SetReceiveCallback(ReceiveCallback callback) override { receive_ = callback; }
  void SetPromiscReceiveCallback(PromiscReceiveCallback callback) override { promiscuous_ = callback; }
  bool SupportsSendFrom() const override { return true; }

 private:
  void arrive(ns3::Ptr<ns3::Packet> packet, std::uint16_t protocol, ns3::Mac48Address source,
              ns3::Mac48Address destination);
  void DoDispose() override;

  const scenario::Link* link_ = nullptr;
  WireEnd end_{};
  ns3::Ptr<WireDevice> peer_;
  RunClock clock_;
  std::optional<Impairments> impairments_;  // of an even link: none
  std::deque<ns3::Time> departures_;  // when each packet that is queued or on its way out will have left
  ns3::Ptr<ns3::Node> node_;
  ns3::Mac48Address address_;
  std::uint32_t index_ = 0;
  std::uint16_t mtu_ = 1500;
  ReceiveCallback receive_;
  PromiscReceiveCallback promiscuous_;
};

}  // namespace hanglab::sim
