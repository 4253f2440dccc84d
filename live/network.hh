// What carries frames between the real hosts. Veth pairs carry at once and lose nothing; a carrier stands
// between TAP devices and does to each link's packets what the scenario states. The carrier is handed in, so
// that this room need not know who simulates.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "scenario/scenario.hh"

namespace hanglab::live {

// The two ends of a link of the scenario, as file descriptors of TAP devices without packet information
// (IFF_TAP | IFF_NO_PI): each read is an Ethernet frame that the end sent, each write one that reaches it.
struct TapLink {
  const scenario::Link* link = nullptr;
  int a = -1;
  int b = -1;
};

// Carries frames until `control` reads as closed; says then what it did, in words. The run, to which losses
// and outages refer, begins when a byte is read from it. Runs in a process of its own.
using Carrier = std::function<std::string(std::span<const TapLink> links, std::uint64_t seed,
                                          std::uint64_t run, int control)>;

}  // namespace hanglab::live
