// Makes a captured frame one that can be sent on an Ethernet, whatever it was captured on: link layer, VLAN
// tags, addresses, ports, checksums, and fragments where it is too long. What cannot be sent is refused, with
// the reason; nothing else of a frame changes, not even its padding.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "replay/bounded_table.hh"
#include "replay/captured_frame.hh"
#include "replay/send/frame_block.hh"
#include "replay/send/ip_edit.hh"
#include "replay/send/mac_address.hh"

namespace hanglab::replay {

// Who receives packets for an address (4 or 16 octets) on the network: nothing where nobody is known to.
using NextHop = std::function<std::optional<MacAddress>(std::span<const std::uint8_t> address)>;

struct RewriteRules {
  EditRules edit{};
  std::optional<MacAddress> source{};       // of frames; none: as captured
  std::optional<MacAddress> destination{};  // likewise
  MacAddress own{};    // the source where the capture has no Ethernet header and none is given
  NextHop next_hop{};  // the destination there; with `ask_for_all` also in place of a captured one
  bool ask_for_all = false;
  bool strip_vlan = false;
  std::optional<std::uint16_t> add_vlan{};  // an 802.1Q tag around whatever is there
  std::size_t mtu = 1500;                   // of the packet, without the Ethernet header
  bool fragment = false;                    // what is longer; else it is refused
  bool pad = false;                         // what the capture cut short, with zeros; else it is refused
  std::vector<IpPrefix> allowed{};          // destinations; without one, all
  bool only_clients = false;                // what goes to port 53, by UDP or TCP
};

enum class Refusal {
  cut_short,
  unreadable,
  not_ip,
  no_ports,
  not_a_client,
  stray_fragment,
  not_allowed,
  too_long,
  no_neighbour
};
std::string to_string(Refusal refusal);  // "longer than the MTU"

class Rewriter {
 public:
  explicit Rewriter(RewriteRules rules);

  // Appends the frames to send in place of this one.
  std::optional<Refusal> rewrite(const CapturedFrame& frame, FrameBlock& into);

  std::uint64_t checksums_put_right() const { return checksums_put_right_; }
  std::uint64_t fragmented() const { return fragmented_; }

 private:
  // Of a packet that is not to port 53. Later fragments name no port, and share the fate of their first.
  std::optional<Refusal> refuse_others(const CapturedFrame& frame, const IpLayout& layout);
  std::optional<Refusal> set_link_layer(const CapturedFrame& frame, std::span<const std::uint8_t> network,
                                        std::uint16_t ethertype, std::span<const std::uint8_t> destination);

  RewriteRules rules_;
  std::vector<std::uint8_t> link_{};     // the Ethernet header of the frame at hand
  std::vector<std::uint8_t> network_{};  // its packet
  BoundedTable<std::string, std::optional<Refusal>> first_fragments_;
  std::uint64_t checksums_put_right_ = 0;
  std::uint64_t fragmented_ = 0;
};

}  // namespace hanglab::replay
