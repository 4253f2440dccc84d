// The frames of a capture as packets that hosts of a scenario send: each is that of the host whose address it
// comes from. What is none's, or nothing that the simulation can carry, is counted by its reason.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "cli/frame_pipeline.hh"
#include "core/address.hh"
#include "core/packet_event.hh"
#include "scenario/scenario.hh"

namespace hanglab::cli {

class InjectedPackets {
 public:
  // The pipeline gives Ethernet frames, and outlives this.
  InjectedPackets(const scenario::Scenario& scenario, FramePipeline& pipeline);

  // The next, in the order of their times; false at their end, or when the user interrupted. What stands
  // against reading on ends them, and is told by damage().
  bool next(PacketEvent& packet);

  const std::optional<std::string>& damage() const { return damage_; }
  bool has(std::uint32_t host, const IpAddress& address) const;
  std::uint64_t packets_of(std::uint32_t host, IpVersion version) const;
  std::uint64_t packets_of(std::uint32_t host) const {
    return packets_of(host, IpVersion::v4) + packets_of(host, IpVersion::v6);
  }
  const std::map<std::string, std::uint64_t>& left_out() const { return left_out_; }  // by reason

 private:
  void fill();
  // False where it is left out.
  bool take(const replay::FrameBlock::Frame& frame, PacketEvent& packet);
  bool leave_out(const std::string& reason);

  FramePipeline& pipeline_;
  std::map<IpAddress, std::uint32_t> hosts_{};
  replay::FrameBlock block_{};
  std::size_t index_ = 0;
  bool last_ = false;
  std::optional<std::string> damage_{};
  std::map<std::pair<std::uint32_t, IpVersion>, std::uint64_t> sent_{};
  std::map<std::string, std::uint64_t> left_out_{};
};

}  // namespace hanglab::cli
