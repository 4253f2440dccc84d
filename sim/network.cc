#include "sim/network.hh"

#include <ns3/boolean.h>
#include <ns3/global-value.h>

#include <algorithm>
#include <functional>

#include "scenario/likely_targets.hh"

namespace hanglab::sim {

namespace {

constexpr std::uint64_t ethernet_header = 14;

ns3::Mac48Address mac_address(std::uint32_t number) {
  const std::uint8_t bytes[6] = {0x52,
                                 0x54,
                                 0x00,  // QEMU's and libvirt's prefix
                                 static_cast<std::uint8_t>(number >> 16),
                                 static_cast<std::uint8_t>(number >> 8),
                                 static_cast<std::uint8_t>(number)};
  ns3::Mac48Address address;
  address.CopyFrom(bytes);
  return address;
}

}  // namespace

// ns-3's learning bridge, taught where everybody is.
class Network::Bridge final : public ns3::BridgeNetDevice {
 public:
  void teach(ns3::Mac48Address station, ns3::Ptr<ns3::NetDevice> port) { Learn(station, port); }
};

Network::Network(const scenario::Scenario& scenario, const RunClock& clock) : scenario_(scenario) {
  ns3::GlobalValue::Bind("ChecksumEnabled", ns3::BooleanValue(true));
  for (std::uint32_t i = 0; i < scenario.hosts.size(); ++i) {
    hosts_.push_back(std::make_unique<Host>(scenario.hosts[i], i, clock));
    devices_.emplace_back(scenario.hosts[i].interfaces.size());
  }
  build_bridges();
  build_links();
  build_interfaces();
  learn_addresses();
  build_routes();
}

Network::~Network() = default;

ns3::Ptr<WireDevice> Network::make_device(ns3::Ptr<ns3::Node> node, std::uint16_t mtu) {
  auto device = ns3::CreateObject<WireDevice>();
  device->SetMtu(mtu);
  device->SetAddress(mac_address(next_mac_++));
  node->AddDevice(device);
  return device;
}

void Network::build_bridges() {
  for (const scenario::Bridge& settings : scenario_.bridges) {
    auto node = settings.host ? hosts_[*settings.host]->node() : ns3::CreateObject<ns3::Node>();
    auto bridge = ns3::CreateObject<Bridge>();
    bridge->SetAttribute("ExpirationTime", ns3::TimeValue(ns3::Time::Max()));
    bridge->SetAddress(mac_address(next_mac_++));
    node->AddDevice(bridge);
    if (settings.host)
      bridge->SetMtu(scenario_.hosts[*settings.host].interfaces[settings.host_interface].mtu);
    if (settings.host) devices_[*settings.host][settings.host_interface] = bridge;
    bridges_.push_back(bridge);
    bridge_nodes_.push_back(node);
  }
}

void Network::build_links() {
  Duration slowest{};
  for (const scenario::Link& link : scenario_.links) {
    const auto end = [&](const scenario::LinkEnd& at) {
      auto device = make_device(at.is_bridge ? bridge_nodes_[at.index] : hosts_[at.index]->node(), at.mtu);
      if (at.is_bridge)
        bridges_[at.index]->AddBridgePort(device);
      else
        devices_[at.index][at.interface] = device;
      return device;
    };
    const auto a = end(link.a);
    const auto b = end(link.b);
    WireDevice::connect(a, b, link);
    wires_.emplace_back(a, b);
    Duration longest = link.delay + link.jitter;
    const std::uint64_t largest_frame_bits = 8 * (std::max(link.a.mtu, link.b.mtu) + ethernet_header);
    if (link.rate_bps > 0)
      longest += Duration(static_cast<std::int64_t>((WireDevice::queue + 1) * largest_frame_bits *
                                                    1'000'000'000u / link.rate_bps));
    slowest = std::max(slowest, longest);
  }
  // A packet visits each bridge and each router at most once.
  const auto routers = std::ranges::count_if(
      scenario_.hosts, [](const scenario::Host& host) { return host.forwards || host.forwards_ipv6; });
  drain_time_ = slowest * (routers + static_cast<std::int64_t>(scenario_.bridges.size()) + 1) +
                std::chrono::milliseconds(1);
}

void Network::build_interfaces() {
  for (std::size_t host = 0; host < hosts_.size(); ++host)
    for (std::size_t interface = 0; interface < devices_[host].size(); ++interface)
      if (devices_[host][interface]) hosts_[host]->add_interface(interface, devices_[host][interface]);
}

void Network::begin_run(std::uint64_t seed, std::uint64_t run) {
  for (auto& host : hosts_) host->begin_run(seed, run);
  for (auto& [a, b] : wires_) {
    a->begin_run(seed, run);
    b->begin_run(seed, run);
  }
}

void Network::end_run() {
  for (auto& host : hosts_) host->end_run();
}

// Walks each broadcast domain from each of its stations: which bridge port leads to it, and who its
// neighbours are.
void Network::learn_addresses() {
  struct Station {
    std::size_t host;
    std::size_t interface;
  };
  const auto targets = scenario::likely_targets(scenario_);

  // The links at each bridge, with the port there and the far end.
  struct Leg {
    ns3::Ptr<WireDevice> port;
    scenario::LinkEnd far;
    std::size_t link;
  };
  std::vector<std::vector<Leg>> legs(bridges_.size());
  for (std::size_t i = 0; i < scenario_.links.size(); ++i) {
    const auto& link = scenario_.links[i];
    if (link.a.is_bridge) legs[link.a.index].push_back({wires_[i].first, link.b, i});
    if (link.b.is_bridge) legs[link.b.index].push_back({wires_[i].second, link.a, i});
  }

  // Every station behind a bridge, seen through one of its legs.
  const std::function<void(const Leg&, std::vector<Station>&)> stations_behind =
      [&](const Leg& leg, std::vector<Station>& found) {
        if (!leg.far.is_bridge) return found.push_back({leg.far.index, leg.far.interface});
        const auto& bridge = scenario_.bridges[leg.far.index];
        if (bridge.host) found.push_back({*bridge.host, bridge.host_interface});
        for (const Leg& next : legs[leg.far.index])
          if (next.link != leg.link) stations_behind(next, found);
      };
  const auto mac_of = [&](const Station& station) {
    return ns3::Mac48Address::ConvertFrom(devices_[station.host][station.interface]->GetAddress());
  };
  const auto introduce = [&](const Station& who, const Station& to) {
    for (const IpAddress& address : scenario_.hosts[who.host].interfaces[who.interface].addresses())
      hosts_[to.host]->add_neighbour(to.interface, address, mac_of(who));
  };
  const auto is_target = [&](const Station& station) {
    const auto& interface = scenario_.hosts[station.host].interfaces[station.interface];
    return std::ranges::any_of(interface.addresses(),
                               [&](const IpAddress& address) { return targets.contains(address); });
  };
  const auto introduce_all = [&](const std::vector<Station>& stations) {
    for (const Station& target : stations) {
      if (!is_target(target)) continue;
      for (const Station& other : stations) {
        if (&other == &target) continue;
        introduce(target, other);
        introduce(other, target);
      }
    }
  };

  for (std::size_t i = 0; i < bridges_.size(); ++i) {
    std::vector<Station> here;
    if (scenario_.bridges[i].host)
      here.push_back({*scenario_.bridges[i].host, scenario_.bridges[i].host_interface});
    for (const Leg& leg : legs[i]) {
      std::vector<Station> behind;
      stations_behind(leg, behind);
      for (const Station& station : behind) bridges_[i]->teach(mac_of(station), leg.port);
      here.insert(here.end(), behind.begin(), behind.end());
    }
    introduce_all(here);
  }
  for (const scenario::Link& link : scenario_.links)
    if (!link.a.is_bridge && !link.b.is_bridge)
      introduce_all({{link.a.index, link.a.interface}, {link.b.index, link.b.interface}});
}

void Network::build_routes() {
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    for (const scenario::Route& route : scenario_.hosts[i].routes) hosts_[i]->add_route(route);
    for (const scenario::Ipv6Route& route : scenario_.hosts[i].ipv6_routes) hosts_[i]->add_route(route);
  }
}

}  // namespace hanglab::sim
