#include "replay/link_layer.hh"

#include "core/big_endian.hh"

namespace hanglab::replay {

namespace {

constexpr std::size_t ethernet_addresses = 12;
constexpr std::size_t sll_header = 16;
constexpr std::size_t sll_protocol_at = 14;
constexpr std::size_t sll2_header = 20;
constexpr std::size_t sll2_protocol_at = 0;
constexpr std::size_t null_header = 4;
constexpr std::size_t hdlc_header = 4;
constexpr std::size_t pppoe_header = 6;
constexpr std::size_t vlan_tag_rest = 4;  // tag control information, then the next EtherType

bool is_vlan_tag(std::uint16_t ethertype) {
  return ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
}

std::optional<NetworkLayer> after_vlan_tags(std::uint16_t ethertype, ByteView rest) {
  while (is_vlan_tag(ethertype)) {
    if (rest.size() < vlan_tag_rest) return {};
    ethertype = get_u16(rest, 2);
    rest = rest.subspan(vlan_tag_rest);
  }
  // Below 0x0600 it is the length of an IEEE 802.3 frame.
  return NetworkLayer{ethertype >= 0x0600 ? ethertype : std::uint16_t{0}, rest};
}

std::optional<NetworkLayer> by_ethertype_at(std::size_t at, std::size_t header, ByteView frame) {
  if (frame.size() < header) return {};
  return after_vlan_tags(get_u16(frame, at), frame.subspan(header));
}

std::optional<NetworkLayer> by_ip_version(ByteView bytes) {
  if (bytes.empty()) return {};
  switch (bytes[0] >> 4) {
    case 4: return NetworkLayer{ethertype_ipv4, bytes};
    case 6: return NetworkLayer{ethertype_ipv6, bytes};
    default: return NetworkLayer{0, bytes};
  }
}

// The address family is in the byte order of whichever host wrote the capture, and AF_INET6 differs
// between the BSDs, macOS and Linux. All the families that matter fit in one octet.
std::optional<NetworkLayer> by_address_family(ByteView frame) {
  if (frame.size() < null_header) return {};
  const unsigned family = get_u16(frame, 0) == 0 ? frame[3] : frame[0];
  const auto rest = frame.subspan(null_header);
  switch (family) {
    case 2: return NetworkLayer{ethertype_ipv4, rest};
    case 10:
    case 24:
    case 28:
    case 30: return NetworkLayer{ethertype_ipv6, rest};
    default: return NetworkLayer{0, rest};
  }
}

// The protocol field may be compressed to one octet, which is odd then; the address and control octets in
// front of it may be absent.
std::optional<NetworkLayer> by_ppp_protocol(ByteView frame) {
  if (frame.size() >= 2 && frame[0] == 0xff && frame[1] == 0x03) frame = frame.subspan(2);
  if (frame.empty()) return {};
  const std::size_t length = frame[0] % 2 == 1 ? 1 : 2;
  if (frame.size() < length) return {};
  const unsigned protocol = length == 1 ? frame[0] : get_u16(frame, 0);
  const auto rest = frame.subspan(length);
  switch (protocol) {
    case 0x0021: return NetworkLayer{ethertype_ipv4, rest};
    case 0x0057: return NetworkLayer{ethertype_ipv6, rest};
    default: return NetworkLayer{0, rest};
  }
}

// PPP in HDLC-like framing, or Cisco's HDLC: its address says unicast or broadcast, an EtherType follows.
std::optional<NetworkLayer> by_hdlc_address(ByteView frame) {
  const bool cisco = !frame.empty() && (frame[0] == 0x0f || frame[0] == 0x8f);
  return cisco ? by_ethertype_at(2, hdlc_header, frame) : by_ppp_protocol(frame);
}

std::optional<NetworkLayer> by_pppoe_session(ByteView frame) {
  if (frame.size() < pppoe_header) return {};
  if (frame[1] != 0) return NetworkLayer{0, frame.subspan(pppoe_header)};  // discovery
  return by_ppp_protocol(frame.subspan(pppoe_header));
}

}  // namespace

bool link_type_is_known(int link_type) {
  switch (link_type) {
    case link_null:
    case link_ethernet:
    case link_ppp:
    case link_raw:
    case link_raw_openbsd:
    case link_ppp_hdlc:
    case link_pppoe:
    case link_raw_in_file:
    case link_loop:
    case link_linux_sll:
    case link_ipv4:
    case link_ipv6:
    case link_linux_sll2: return true;
    default: return false;
  }
}

bool link_type_is_cooked(int link_type) {
  return link_type == link_linux_sll || link_type == link_linux_sll2;
}

std::optional<NetworkLayer> strip_link_layer(int link_type, ByteView frame) {
  switch (link_type) {
    case link_ethernet: return by_ethertype_at(ethernet_addresses, ethernet_addresses + 2, frame);
    case link_linux_sll: return by_ethertype_at(sll_protocol_at, sll_header, frame);
    case link_linux_sll2: return by_ethertype_at(sll2_protocol_at, sll2_header, frame);
    case link_null:
    case link_loop: return by_address_family(frame);
    case link_ppp: return by_ppp_protocol(frame);
    case link_ppp_hdlc: return by_hdlc_address(frame);
    case link_pppoe: return by_pppoe_session(frame);
    default: return by_ip_version(frame);
  }
}

}  // namespace hanglab::replay
