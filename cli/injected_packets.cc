#include "cli/injected_packets.hh"

#include "cli/interrupt.hh"
#include "core/error.hh"
#include "models/linux/ip_packet.hh"
#include "models/linux/ipv4_header.hh"
#include "replay/link_layer.hh"

namespace hanglab::cli {

namespace {

constexpr std::uint8_t ipv4_without_options = 0x45;

// Nothing between IP and transport but IPv6's fragment header.
bool is_plain(std::span<const std::uint8_t> bytes, const kernel::IpPacket& ip) {
  if (!is_ipv6(ip.source)) return bytes[0] == ipv4_without_options;
  return ip.protocol == kernel::protocol_udp || ip.protocol == kernel::protocol_tcp;
}

}  // namespace

InjectedPackets::InjectedPackets(const scenario::Scenario& scenario, FramePipeline& pipeline)
    : pipeline_(pipeline) {
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host)
    for (const auto& interface : scenario.hosts[host].interfaces)
      for (const IpAddress& address : interface.addresses()) hosts_[address] = host;
}

bool InjectedPackets::next(PacketEvent& packet) {
  while (!interrupted()) {
    while (index_ < block_.frames.size())
      if (take(block_.frames[index_++], packet)) return true;
    if (last_) return false;
    fill();
  }
  return false;
}

bool InjectedPackets::has(std::uint32_t host, const IpAddress& address) const {
  const auto found = hosts_.find(address);
  return found != hosts_.end() && found->second == host;
}

std::uint64_t InjectedPackets::packets_of(std::uint32_t host, IpVersion version) const {
  const auto found = sent_.find({host, version});
  return found == sent_.end() ? 0 : found->second;
}

void InjectedPackets::fill() {
  block_.clear();
  index_ = 0;
  try {
    last_ = !pipeline_.fill(block_);
  } catch (const InputError&) {
    throw;
  } catch (const Error& error) {
    last_ = true;
    damage_ = error.what();
  }
}

bool InjectedPackets::take(const replay::FrameBlock::Frame& frame, PacketEvent& packet) {
  const auto network = replay::strip_link_layer(replay::link_ethernet, block_.octets(frame));
  const auto ip = network ? kernel::decode_ip(network->bytes) : std::nullopt;
  if (!ip) return leave_out("without a length, which --keep-checksums leaves as captured");
  if (!is_plain(network->bytes, *ip))
    return leave_out("with IP options or extension headers, which the simulation has not");
  const auto host = hosts_.find(ip->source);
  if (host == hosts_.end())
    return leave_out("from an address of no host of the scenario (--map says whose it is)");
  packet = {.at = frame.due, .host = host->second, .direction = Direction::out};
  packet.bytes.assign(network->bytes.begin(), network->bytes.end());
  ++sent_[{host->second, version_of(ip->source)}];
  return true;
}

bool InjectedPackets::leave_out(const std::string& reason) {
  ++left_out_[reason];
  return false;
}

}  // namespace hanglab::cli
