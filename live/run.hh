// One run in a world that stands: issues the lookups at their times, each as a process of its own, ends those
// that the scenario gives up on, and keeps what passes every interface meanwhile and for a second after.
#pragma once

#include <deque>
#include <vector>

#include "live/client_process.hh"
#include "live/output_log.hh"
#include "live/packet_tap.hh"
#include "live/world.hh"

namespace hanglab::live {

class Run {
 public:
  Run(const scenario::Scenario& scenario, const Options& options, const std::deque<Host>& hosts);

  // Once. Throws Error where a client does not do its part or the capture has holes.
  WorldResult go(std::uint64_t seed, std::uint64_t number);

 private:
  struct Running {
    std::size_t lookup;
    ClientProcess process;
    Duration deadline;  // CLOCK_MONOTONIC
    bool killed = false;
  };

  void start(std::size_t lookup);
  void wait_until(Duration wake);  // or until something happens
  void end_overdue();
  void collect_ended();
  void take(Running& client);

  const scenario::Scenario& scenario_;
  const Options& options_;
  const std::deque<Host>& hosts_;
  const Workload workload_;
  std::deque<PacketTap> taps_;
  std::deque<OutputLog> logs_;  // of the hosts that look up
  std::vector<PacketEvent> sent_;
  std::vector<Running> running_;
  Duration began_{};  // CLOCK_MONOTONIC
  WorldResult result_;
};

}  // namespace hanglab::live
