// What becomes of frames on their way out, by the words of a scenario: iptables rules for OUTPUT, loss, delay
// and jitter. Chance comes from the seed alone, so that the same replay loses the same frames.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/random.hh"
#include "core/time.hh"
#include "models/netfilter/iptables.hh"

namespace hanglab::cli {

struct ImpairmentSettings {
  std::vector<std::string> rules{};  // as typed: "iptables -A OUTPUT …"
  double loss = 0;
  Duration delay{};
  Duration jitter{};  // up to this much sooner or later, at most `delay`
};

class FrameImpairment {
 public:
  FrameImpairment(const ImpairmentSettings& settings, std::string interface, std::uint64_t seed);

  enum class Fate { sent, dropped_by_rule, lost };
  // Of an Ethernet frame that would leave at `due`. Rules see IPv4 alone, as iptables does, and each fragment
  // for itself, also where they ask for the state of a connection.
  Fate fate(std::span<const std::uint8_t> frame, Duration due);
  // How much later than that it leaves.
  Duration extra_delay();

  Duration least_delay() const { return delay_ - jitter_; }
  bool reorders() const { return jitter_ > Duration(0); }

 private:
  std::string interface_;
  kernel::Firewall firewall_;
  Random loss_random_;
  Random jitter_random_;
  double loss_;
  Duration delay_;
  Duration jitter_;
};

}  // namespace hanglab::cli
