#include "replay/send/ip_edit.hh"

#include <algorithm>
#include <array>

#include "core/big_endian.hh"
#include "core/internet_checksum.hh"
#include "replay/captured_packet.hh"
#include "replay/ip_checksum.hh"

namespace hanglab::replay {

namespace {

using Bytes = std::span<std::uint8_t>;

constexpr std::size_t ipv4_checksum_at = 10;
constexpr std::size_t icmp_header = 8;

bool is_error(std::span<const std::uint8_t> packet, const IpLayout& layout) {
  if (!layout.first || layout.transport + icmp_header > layout.end) return false;
  const std::uint8_t type = packet[layout.transport];
  return layout.protocol == (layout.v6 ? ip_icmpv6 : ip_icmp) && is_icmp_error(type, layout.v6);
}

InternetSum map_addresses(Bytes packet, const IpLayout& layout, const EditRules& rules) {
  InternetSum change;
  for (const std::size_t at : {layout.source(), layout.destination()}) {
    const Bytes address = packet.subspan(at, layout.address_size());
    std::array<std::uint8_t, 16> before{};
    std::ranges::copy(address, before.begin());
    if (!map_address(rules.addresses, address)) continue;
    change.subtract(std::span(before).first(address.size()));
    change.add(address);
  }
  return change;
}

void map_ports(Bytes packet, const IpLayout& layout, const EditRules& rules, InternetSum& change) {
  if (rules.ports.empty() || !layout.first) return;
  if (layout.protocol != ip_tcp && layout.protocol != ip_udp) return;
  for (const std::size_t at : {layout.transport, layout.transport + 2}) {
    if (at + 2 > layout.end) return;
    const auto map = std::ranges::find(rules.ports, get_u16(packet, at), &PortMap::from);
    if (map == rules.ports.end()) continue;
    change.subtract(map->from);
    change.add(map->to);
    set_u16(packet, at, map->to);
  }
}

void set_transport_checksum(Bytes packet, const IpLayout& layout, std::size_t at, std::uint16_t checksum) {
  // Of UDP, 0 would say that there is none.
  set_u16(packet, at, layout.protocol == ip_udp && checksum == 0 ? std::uint16_t{0xffff} : checksum);
}

bool put_transport_right(Bytes packet, const IpLayout& layout, std::size_t at) {
  if (layout.fragment || transport_sum(packet, layout) == 0) return false;
  set_u16(packet, at, 0);
  set_transport_checksum(packet, layout, at, transport_sum(packet, layout));
  return true;
}

// The length that segmentation offload left at 0, and the header's checksum.
bool put_ipv4_header_right(Bytes packet, const IpLayout& layout) {
  const Bytes header = packet.first(layout.transport);
  if (get_u16(header, 2) == 0 && layout.end <= 0xffff)
    set_u16(header, 2, static_cast<std::uint16_t>(layout.end));
  if (internet_checksum(header) == 0) return false;
  set_u16(header, ipv4_checksum_at, 0);
  set_u16(header, ipv4_checksum_at, internet_checksum(header));
  return true;
}

void edit_quoted(Bytes packet, const EditRules& rules, InternetSum& change) {
  const auto found = find_ip_layout(packet, IpExtent::quoted);
  const auto* layout = std::get_if<IpLayout>(&found);
  if (layout == nullptr) return;
  change.subtract(packet);
  EditRules as_it_is = rules;
  as_it_is.put_checksums_right = false;
  edit_ip(packet, *layout, as_it_is);
  change.add(packet);
}

}  // namespace

bool edit_ip(Bytes packet, const IpLayout& layout, const EditRules& rules) {
  const InternetSum addresses = map_addresses(packet, layout, rules);
  if (!layout.v6) set_u16(packet, ipv4_checksum_at, addresses.updated(get_u16(packet, ipv4_checksum_at)));
  InternetSum change = layout.protocol == ip_icmp ? InternetSum() : addresses;
  map_ports(packet, layout, rules, change);
  if (is_error(packet, layout))
    edit_quoted(packet.subspan(layout.transport + icmp_header, layout.end - layout.transport - icmp_header),
                rules, change);

  const auto at = transport_checksum_at(packet, layout);
  if (at) set_transport_checksum(packet, layout, *at, change.updated(get_u16(packet, *at)));
  if (!rules.put_checksums_right) return false;
  const bool header_was_wrong = !layout.v6 && put_ipv4_header_right(packet, layout);
  const bool transport_was_wrong = at && put_transport_right(packet, layout, *at);
  return header_was_wrong || transport_was_wrong;
}

}  // namespace hanglab::replay
