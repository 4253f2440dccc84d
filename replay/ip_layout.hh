// Where the parts of an IP packet stand: IPv4 (RFC 791) with options, IPv6 (RFC 8200) with the extension
// headers that may precede a transport, and fragments of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace hanglab::replay {

enum IpProtocol : std::uint8_t { ip_icmp = 1, ip_tcp = 6, ip_udp = 17, ip_icmpv6 = 58 };

struct IpLayout {
  bool v6 = false;
  std::size_t per_fragment = 0;  // octets at the front that each fragment repeats
  std::size_t transport = 0;     // where the transport's header begins
  std::size_t end = 0;  // of the packet as far as it is there; behind it is an Ethernet frame's padding
  std::size_t stated_end = 0;  // as its header states it
  std::uint8_t protocol = 0;   // of the transport
  bool fragment = false;
  bool first = true;  // holds the transport's header
  // Of a fragment:
  std::size_t offset = 0;  // of its data in the packet's
  bool more = false;       // others follow it
  std::size_t data = 0;    // where that stands in the fragment
  std::size_t named = 0;   // where the header before IPv6's fragment header names it
  std::uint32_t identification = 0;

  std::size_t address_size() const { return v6 ? 16 : 4; }
  std::size_t source() const { return v6 ? 8 : 12; }
  std::size_t destination() const { return source() + address_size(); }
};

enum class IpProblem { cut_short, unreadable };

// How much of a packet has to be there.
enum class IpExtent {
  whole,
  headers,  // of what a capture cut short
  quoted,   // in an ICMP error, where a packet is cut short by nature; its end is then that of the quotation
};

std::variant<IpLayout, IpProblem> find_ip_layout(std::span<const std::uint8_t> packet,
                                                 IpExtent extent = IpExtent::whole);

}  // namespace hanglab::replay
