#include "sim/wire.hh"

#include <ns3/packet.h>
#include <ns3/simulator.h>

namespace hanglab::sim {

namespace {
constexpr std::uint64_t ethernet_header = 14;
constexpr std::uint32_t vlan_header = 4;  // a device receives what it could send, with room for a tag
}  // namespace

void WireDevice::connect(ns3::Ptr<WireDevice> a, ns3::Ptr<WireDevice> b, const scenario::Link& link) {
  a->peer_ = b;
  b->peer_ = a;
  a->link_ = b->link_ = &link;
  a->end_ = WireEnd::a;
  b->end_ = WireEnd::b;
}

void WireDevice::begin_run(std::uint64_t seed, std::uint64_t run) {
  if (link_->is_even()) return;
  clock_.begin();
  impairments_.emplace(*link_, end_, seed, run);
}

bool WireDevice::Send(ns3::Ptr<ns3::Packet> packet, const ns3::Address& destination, std::uint16_t protocol) {
  return SendFrom(packet, address_, destination, protocol);
}

bool WireDevice::SendFrom(ns3::Ptr<ns3::Packet> packet, const ns3::Address& source,
                          const ns3::Address& destination, std::uint16_t protocol) {
  if (!peer_) return false;
  ns3::Time leaves_in;
  if (link_->rate_bps > 0) {
    const ns3::Time now = ns3::Simulator::Now();
    while (!departures_.empty() && departures_.front() <= now) departures_.pop_front();
    if (departures_.size() >= queue) return false;
    const std::uint64_t bits = 8 * (packet->GetSize() + ethernet_header);
    const auto took = ns3::NanoSeconds(static_cast<std::int64_t>(bits * 1'000'000'000u / link_->rate_bps));
    departures_.push_back((departures_.empty() ? now : departures_.back()) + took);
    leaves_in = departures_.back() - now;
  }
  Duration delay = link_->delay;
  if (impairments_) {
    const auto deviation = impairments_->next(clock_.now() + from_ns3(leaves_in));
    if (!deviation) return true;  // lost underway: the sender cannot know
    delay += *deviation;
  }
  ns3::Simulator::ScheduleWithContext(peer_->node_->GetId(), leaves_in + to_ns3(delay), &WireDevice::arrive,
                                      peer_, packet, protocol, ns3::Mac48Address::ConvertFrom(source),
                                      ns3::Mac48Address::ConvertFrom(destination));
  return true;
}

void WireDevice::arrive(ns3::Ptr<ns3::Packet> packet, std::uint16_t protocol, ns3::Mac48Address source,
                        ns3::Mac48Address destination) {
  if (packet->GetSize() > mtu_ + vlan_header) return;
  PacketType type = PACKET_OTHERHOST;
  if (destination == address_)
    type = PACKET_HOST;
  else if (destination.IsBroadcast())
    type = PACKET_BROADCAST;
  else if (destination.IsGroup())
    type = PACKET_MULTICAST;
  if (!promiscuous_.IsNull()) promiscuous_(this, packet, protocol, source, destination, type);
  if (type != PACKET_OTHERHOST && !receive_.IsNull()) receive_(this, packet, protocol, source);
}

void WireDevice::DoDispose() {
  peer_ = nullptr;
  node_ = nullptr;
  receive_.Nullify();
  promiscuous_.Nullify();
  NetDevice::DoDispose();
}

}  // namespace hanglab::sim
