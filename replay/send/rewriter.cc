#include "replay/send/rewriter.hh"

#include <algorithm>
#include <array>

#include "core/big_endian.hh"
#include "replay/captured_packet.hh"
#include "replay/link_layer.hh"
#include "replay/send/fragments.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t mac_size = 6;
constexpr std::uint16_t vlan_tag = 0x8100;  // IEEE 802.1Q
constexpr BoundedTable<std::string, std::optional<Refusal>>::Limits fragments_remembered{
    .entries = 1024, .idle = std::chrono::seconds(60)};

void put16(std::vector<std::uint8_t>& bytes, std::uint16_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

std::optional<Refusal> refuse_others_by_port(ByteView packet, const IpLayout& layout) {
  if (layout.protocol != ip_udp && layout.protocol != ip_tcp) return Refusal::no_ports;
  const std::size_t at = layout.transport + 2;
  if (at + 2 > layout.end || get_u16(packet, at) != dns_port) return Refusal::not_a_client;
  return {};
}

// What the fragments of a packet have in common. IPv6 has one number space for all protocols.
std::string packet_key(ByteView packet, const IpLayout& layout) {
  const auto addresses = packet.subspan(layout.source(), 2 * layout.address_size());
  std::string key(addresses.begin(), addresses.end());
  for (int bits = 0; bits < 32; bits += 8) key += static_cast<char>(layout.identification >> bits);
  if (!layout.v6) key += static_cast<char>(layout.protocol);
  return key;
}

void append(FrameBlock& block, ByteView link, ByteView packet) {
  block.frames.push_back({.at = block.bytes.size(), .size = link.size() + packet.size()});
  block.bytes.insert(block.bytes.end(), link.begin(), link.end());
  block.bytes.insert(block.bytes.end(), packet.begin(), packet.end());
}

}  // namespace

std::string to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::cut_short: return "cut short by the capture";
    case Refusal::unreadable: return "with an IP header that contradicts itself";
    case Refusal::not_ip: return "not IP";
    case Refusal::no_ports: return "neither UDP nor TCP";
    case Refusal::not_a_client: return "not to port 53";
    case Refusal::stray_fragment: return "fragments without their first, which names the port";
    case Refusal::not_allowed: return "to addresses that are not allowed";
    case Refusal::too_long: return "longer than the MTU";
    case Refusal::no_neighbour: return "to addresses without a neighbour entry";
  }
  return {};
}

Rewriter::Rewriter(RewriteRules rules) : rules_(std::move(rules)), first_fragments_(fragments_remembered) {}

std::optional<Refusal> Rewriter::refuse_others(const CapturedFrame& frame, const IpLayout& layout) {
  if (!layout.fragment) return refuse_others_by_port(network_, layout);
  const auto key = packet_key(network_, layout);
  if (layout.first)
    return first_fragments_.put(key, refuse_others_by_port(network_, layout), frame.at, [](auto&&) {});
  const auto* of_the_first = first_fragments_.find(key, frame.at);
  return of_the_first ? *of_the_first : Refusal::stray_fragment;
}

std::optional<Refusal> Rewriter::set_link_layer(const CapturedFrame& frame, ByteView network,
                                                std::uint16_t ethertype, ByteView destination) {
  const bool is_ethernet = frame.link_type == link_ethernet;
  std::array<MacAddress, 2> macs{};  // destination, source
  if (is_ethernet) {
    std::copy_n(frame.bytes.begin(), mac_size, macs[0].bytes.begin());
    std::copy_n(frame.bytes.begin() + mac_size, mac_size, macs[1].bytes.begin());
  }
  if (!is_ethernet || rules_.source) macs[1] = rules_.source.value_or(rules_.own);
  if (rules_.destination) {
    macs[0] = *rules_.destination;
  } else if (!is_ethernet || rules_.ask_for_all) {
    const auto neighbour = rules_.next_hop ? rules_.next_hop(destination) : std::nullopt;
    if (!neighbour) return Refusal::no_neighbour;
    macs[0] = *neighbour;
  }
  link_.clear();
  for (const MacAddress& mac : macs) link_.insert(link_.end(), mac.bytes.begin(), mac.bytes.end());
  if (rules_.add_vlan) {
    put16(link_, vlan_tag);
    put16(link_, *rules_.add_vlan);
  }
  if (is_ethernet && !rules_.strip_vlan) {  // the tags, if any, and the EtherType
    const auto rest = ByteView(frame.bytes).first(frame.bytes.size() - network.size()).subspan(2 * mac_size);
    link_.insert(link_.end(), rest.begin(), rest.end());
  } else {
    put16(link_, ethertype);
  }
  return {};
}

std::optional<Refusal> Rewriter::rewrite(const CapturedFrame& frame, FrameBlock& into) {
  const auto stripped = strip_link_layer(frame.link_type, frame.bytes);
  if (!stripped) return Refusal::cut_short;
  const ByteView network = stripped->bytes;
  if (stripped->ethertype != ethertype_ipv4 && stripped->ethertype != ethertype_ipv6) return Refusal::not_ip;

  network_.assign(network.begin(), network.end());
  if (frame.bytes.size() < frame.size) {
    if (!rules_.pad) return Refusal::cut_short;
    network_.resize(network_.size() + frame.size - frame.bytes.size());
  }
  const auto found = find_ip_layout(network_);
  if (const auto* problem = std::get_if<IpProblem>(&found))
    return *problem == IpProblem::cut_short ? Refusal::cut_short : Refusal::unreadable;
  const auto& layout = std::get<IpLayout>(found);
  if (rules_.only_clients)
    if (const auto refusal = refuse_others(frame, layout)) return refusal;

  const bool was_wrong = edit_ip(network_, layout, rules_.edit);
  const ByteView destination = ByteView(network_).subspan(layout.destination(), layout.address_size());
  if (!rules_.allowed.empty() &&
      std::ranges::none_of(rules_.allowed, [&](const IpPrefix& p) { return p.contains(destination); }))
    return Refusal::not_allowed;
  const bool too_long = layout.end > rules_.mtu;
  if (too_long && !(rules_.fragment && can_fragment(layout, rules_.mtu))) return Refusal::too_long;
  if (const auto refusal = set_link_layer(frame, network, stripped->ethertype, destination)) return refusal;

  if (was_wrong) ++checksums_put_right_;
  if (!too_long) {
    append(into, link_, network_);
    return {};
  }
  ++fragmented_;
  make_fragments(network_, layout, rules_.mtu, static_cast<std::uint32_t>(fragmented_),
                 [&](ByteView fragment) { append(into, link_, fragment); });
  return {};
}

}  // namespace hanglab::replay
