// The network of a scenario in ns-3: its hosts, the wires between them, its bridges. Built once; runs
// follow one another in it. Neighbour tables and bridge tables are filled when it is built, as on
// machines that have talked before: a run never waits for ARP, and none sees what another learned.
#pragma once

#include <ns3/bridge-net-device.h>

#include <memory>
#include <vector>

#include "scenario/scenario.hh"
#include "sim/host.hh"
#include "sim/wire.hh"

namespace hanglab::sim {

class Network {
 public:
  Network(const scenario::Scenario& scenario, const RunClock& clock);
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  std::vector<std::unique_ptr<Host>>& hosts() { return hosts_; }
  void begin_run(std::uint64_t seed, std::uint64_t run);
  void end_run();

  // After this long nothing that was sent before is on a wire any more.
  Duration drain_time() const { return drain_time_; }

 private:
  class Bridge;

  ns3::Ptr<WireDevice> make_device(ns3::Ptr<ns3::Node> node, std::uint16_t mtu);
  void build_bridges();
  void build_links();
  void build_interfaces();
  void learn_addresses();
  void build_routes();

  const scenario::Scenario& scenario_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::vector<ns3::Ptr<Bridge>> bridges_;
  std::vector<ns3::Ptr<ns3::Node>> bridge_nodes_;
  std::vector<std::pair<ns3::Ptr<WireDevice>, ns3::Ptr<WireDevice>>> wires_;  // by link: its ends a and b
  std::vector<std::vector<ns3::Ptr<ns3::NetDevice>>> devices_;                // by host and interface
  std::uint32_t next_mac_ = 1;
  Duration drain_time_{};
};

}  // namespace hanglab::sim
