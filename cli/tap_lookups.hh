// The lookups that can be read off what the taps of a scenario's hosts see while packets of a capture are
// answered, and what of that could not be used.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "core/packet_event.hh"
#include "replay/captured_lookup.hh"
#include "replay/lookup_finder.hh"
#include "replay/tap_packets.hh"

namespace hanglab::cli {

struct TapLookup {
  std::uint32_t host = 0;  // whose tap saw it
  replay::CapturedLookup lookup;
};

class TapLookups {
 public:
  explicit TapLookups(std::size_t hosts);
  TapLookups(const TapLookups&) = delete;
  TapLookups& operator=(const TapLookups&) = delete;

  void add(const PacketEvent& event);
  // Those that `wanted` says, in the order of their beginnings. Once.
  std::vector<TapLookup> finish(Duration end, const std::function<bool(const TapLookup&)>& wanted);
  // By kind, a line each, what of that host's packets could not be used.
  std::string unused(std::uint32_t host) const;

 private:
  std::vector<replay::TapPackets> taps_;
  std::deque<replay::LookupFinder> finders_{};
  std::vector<TapLookup> found_{};
};

}  // namespace hanglab::cli
