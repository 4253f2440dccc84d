// The links and bridges of a scenario between its hosts' namespaces. A link is a veth pair, or a pair of TAP
// devices whose frames the carrier of --network moves. Neighbour tables are filled, as on machines that have
// talked before and as the simulation has them; interfaces are without checksum and segmentation offload, so
// that a capture holds the packets that a wire would see.
// Sources: ip-link(8), ip-neighbour(8), veth(4), Documentation/networking/tuntap.rst, ethtool(8).
#pragma once

#include <deque>
#include <optional>
#include <vector>

#include "live/host.hh"
#include "live/network.hh"

namespace hanglab::live {

struct Taps {
  std::vector<Fd> fds;
  std::vector<TapLink> links;
};

// `hosts` in the scenario's order. A bridge that belongs to no host gets namespaces of its own in `switches`.
// The file descriptors of TAP devices are the caller's to keep open. Throws Error with what ip(8) said.
Taps make_network(const scenario::Scenario& scenario, const std::deque<Host>& hosts,
                  std::deque<scenario::Host>& switch_plans, std::deque<Host>& switches, bool taps);

}  // namespace hanglab::live
