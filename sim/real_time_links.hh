// A scenario's links in real time: each carries Ethernet frames between two TAP devices and does to them what
// it does in the simulation, by the same wire.hh, so that real programs talk through it. Frames
// leave ns-3 when this machine's clock says so (ns3::RealtimeSimulatorImpl), a little late; how late is
// measured.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "core/time.hh"
#include "scenario/scenario.hh"

namespace hanglab::sim {

// File descriptors of TAP devices without packet information: a read is a frame sent, a write one received.
struct TapLink {
  const scenario::Link* link = nullptr;
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

// Carries until `control` reads as closed; the run begins when a byte is read from it. Uses up the process's
// simulator. Throws Error when a device fails.
CarryReport carry_frames(std::span<const TapLink> links, std::uint64_t seed, std::uint64_t run, int control);

// "ns-3.37 in real time: 14 frames, 0 lost, delivered 0.052 ms late in the median, 0.110 ms at most"
std::string describe(const CarryReport& report);

}  // namespace hanglab::sim
