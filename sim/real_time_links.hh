// A scenario's links in real time: each carries Ethernet frames between two TAP devices with the delay, rate
// and loss that the simulation gives it, by the same wire.hh, so that real programs talk through it. Frames
// leave ns-3 when this machine's clock says so (ns3::RealtimeSimulatorImpl), a little late; how late is
// measured.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/time.hh"
#include "sim/wire.hh"

namespace hanglab::sim {

// File descriptors of TAP devices without packet information: a read is a frame sent, a write one received.
struct TapLink {
  std::string name{};  // loss is drawn from random numbers of this name, as in a simulated run
  WireSettings settings{};
  int a = -1;
  int b = -1;
};

struct CarryReport {
  std::uint64_t frames = 0;   // taken from a TAP device
  std::uint64_t lost = 0;     // of them, on the wire
  std::uint64_t refused = 0;  // by the TAP device they should have reached
  Duration late_median{};     // behind delay and rate, of those that arrived
  Duration late_p99{};
  Duration late_max{};
};

// Carries until `stop` reads as closed. Uses up the process's simulator. Throws Error when a device fails.
CarryReport carry_frames(std::span<const TapLink> links, std::uint64_t seed, std::uint64_t run, int stop);

// "ns-3.37 in real time: 14 frames, 0 lost, delivered 0.052 ms late in the median, 0.110 ms at most"
std::string describe(const CarryReport& report);

}  // namespace hanglab::sim
