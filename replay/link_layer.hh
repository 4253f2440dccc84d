// What stands in front of the IP header in a captured frame, by the capture's link type
// (https://www.tcpdump.org/linktypes.html): Ethernet with any number of VLAN tags (IEEE 802.1Q,
// 802.1ad), Linux "cooked" headers v1 and v2, raw IP, BSD loopback, PPP (RFC 1661) bare, in HDLC-like
// framing (RFC 1662) or over Ethernet (RFC 2516).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace hanglab::replay {

using ByteView = std::span<const std::uint8_t>;

// LINKTYPE_ numbers, as they stand in files, and the DLT_ numbers that live captures have for raw IP.
enum LinkType : int {
  link_null = 0,
  link_ethernet = 1,
  link_ppp = 9,
  link_raw = 12,
  link_raw_openbsd = 14,
  link_ppp_hdlc = 50,
  link_pppoe = 51,
  link_raw_in_file = 101,  // LINKTYPE_RAW
  link_loop = 108,
  link_linux_sll = 113,
  link_ipv4 = 228,
  link_ipv6 = 229,
  link_linux_sll2 = 276,
};

enum EtherType : std::uint16_t { ethertype_ipv4 = 0x0800, ethertype_ipv6 = 0x86dd };

struct NetworkLayer {
  std::uint16_t ethertype = 0;  // 0: not a protocol that an EtherType names
  ByteView bytes;               // from the network header on
};

bool link_type_is_known(int link_type);

// True for captures that span interfaces (`tcpdump -i any`), where one packet can appear several times.
bool link_type_is_cooked(int link_type);

// Empty where the frame ends before its network layer begins.
std::optional<NetworkLayer> strip_link_layer(int link_type, ByteView frame);

}  // namespace hanglab::replay
