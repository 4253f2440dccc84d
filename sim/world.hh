// A scenario as an ns-3 world. It is built once and stands; each run is an episode in it, with its own
// numbers, ports, timer phases and counters, on one simulated time line: building ns-3 objects anew
// for each run would take longer than the run. The same seed and run number give the same result,
// whatever ran before.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/run.hh"
#include "core/workload.hh"
#include "scenario/scenario.hh"

namespace hanglab::sim {

class World {
 public:
  // Throws InputError when the scenario asks for something that has no model.
  // `warnings` receives what the modelled servers would log about their files.
  World(const scenario::Scenario& scenario, std::vector<std::string>& warnings);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // One run of the scenario's own workload, or of another one.
  RunResult run(std::uint64_t seed, std::uint64_t number, const RunOptions& options = {});
  RunResult run_workload(std::uint64_t seed, std::uint64_t number, const Workload& workload,
                         const RunOptions& options = {});

  // No lookup, but packets of a capture (direction and interface aside; each read by kernel::decode_ip()) put
  // onto their hosts' interfaces at their times, and give_up longer; `next` gives one after the other, in
  // order of time, and false at their end. What the hosts' taps saw goes to `seen`.
  using PacketSource = std::function<bool(PacketEvent&)>;
  using PacketSink = std::function<void(PacketEvent)>;
  struct Injected {
    std::uint64_t packets = 0;
    std::uint64_t unroutable = 0;
  };
  Injected inject(std::uint64_t seed, std::uint64_t number, PacketSource next, PacketSink seen);

 private:
  class Episode;
  struct State;
  std::unique_ptr<State> state_;
};

std::string ns3_version();

}  // namespace hanglab::sim
