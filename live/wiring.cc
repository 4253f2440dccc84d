#include "live/wiring.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/ethtool.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/big_endian.hh"
#include "core/error.hh"
#include "live/host_setup.hh"
#include "scenario/addressing.hh"
#include "scenario/likely_targets.hh"

namespace hanglab::live {

namespace {

using scenario::Scenario;

// One end of a link as a device in somebody's namespaces.
struct Device {
  const Host* host = nullptr;
  std::string name{};
  std::optional<std::string> master{};  // the bridge whose port it is
  std::uint16_t mtu = 1500;
};

// Locally administered, and told from the address: 192.168.122.1 is 02:00:c0:a8:7a:01, as in a simulated
// capture. Without an IPv4 address it is told from the end of the IPv6 address.
std::string hardware_address(const scenario::Interface& interface) {
  auto bits = interface.address.address.value;
  if (!interface.has_ipv4()) bits = get_u32(interface.ipv6_addresses.front().address.bytes, 12);
  return fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", bits >> 24 & 0xff, bits >> 16 & 0xff,
                     bits >> 8 & 0xff, bits & 0xff);
}

ifreq request_for(const std::string& device) {
  ifreq request{};
  device.copy(request.ifr_name, IFNAMSIZ - 1);
  return request;
}

Fd open_tap(const Device& device) {
  const Host::Network inside(*device.host);  // the device is made where its file was opened
  Fd tap(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!tap) throw Error(fmt::format("/dev/net/tun: {}; the network ns-3 needs it", std::strerror(errno)));
  ifreq request = request_for(device.name);
  request.ifr_flags = IFF_TAP | IFF_NO_PI;
  if (ioctl(tap.get(), TUNSETIFF, &request) != 0)
    throw Error(fmt::format("host {}: TAP device {}: {}", device.host->plan().name, device.name,
                            std::strerror(errno)));
  return tap;
}

// A device that does not know a feature does not have it on either.
void turn_off_offload(const Host& host, const std::string& name) {
  const Host::Network inside(host);
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  for (const std::uint32_t feature : {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_STXCSUM}) {
    ethtool_value off{.cmd = feature, .data = 0};
    ifreq request = request_for(name);
    request.ifr_data = reinterpret_cast<char*>(&off);
    if (ioctl(socket.get(), SIOCETHTOOL, &request) != 0 && errno != EOPNOTSUPP)
      throw Error(fmt::format("host {}: offload of {}: {}", host.plan().name, name, std::strerror(errno)));
  }
}

class Builder {
 public:
  Builder(const Scenario& scenario, const std::deque<Host>& hosts, std::deque<scenario::Host>& switch_plans,
          std::deque<Host>& switches)
      : scenario_(scenario), hosts_(hosts) {
    for (const auto& bridge : scenario.bridges) {
      if (!bridge.host) {
        switch_plans.push_back({.name = bridge.name, .interfaces = {}});
        switches.emplace_back(switch_plans.back());
      }
      bridge_hosts_.push_back(bridge.host ? &hosts[*bridge.host] : &switches.back());
    }
  }

  void make_bridges() const {
    for (std::size_t i = 0; i < scenario_.bridges.size(); ++i)
      bridge_hosts_[i]->run({"ip", "link", "add", bridge_device(i), "type", "bridge", "mcast_snooping", "0"});
  }

  Taps make_links(bool taps) const {
    Taps made;
    for (std::size_t i = 0; i < scenario_.links.size(); ++i) {
      const auto& link = scenario_.links[i];
      const Device a = device(link.a, i);
      const Device b = device(link.b, i);
      if (taps) {
        made.fds.push_back(open_tap(a));
        made.fds.push_back(open_tap(b));
        made.links.push_back(
            {.link = &link, .a = made.fds[made.fds.size() - 2].get(), .b = made.fds.back().get()});
      } else {
        a.host->run({"ip", "link", "add", a.name, "type", "veth", "peer", "name", b.name, "netns",
                     std::to_string(b.host->resident())});
      }
      for (const Device* end : {&a, &b}) {
        turn_off_offload(*end->host, end->name);
        if (end->master)
          end->host->run({"ip", "link", "set", end->name, "mtu", std::to_string(end->mtu), "master",
                          *end->master, "up"});
      }
    }
    return made;
  }

  // Addresses, and with all of them up, routes.
  void configure() const {
    for (std::size_t i = 0; i < scenario_.bridges.size(); ++i)
      if (!scenario_.bridges[i].host) bridge_hosts_[i]->run({"ip", "link", "set", bridge_device(i), "up"});
    for (const Host& host : hosts_) {
      std::string batch = "link set lo up\n";
      for (const auto& interface : host.plan().interfaces) {
        if (!interface.ipv6_addresses.empty()) enable_ipv6(host, interface);
        batch += fmt::format("link set {} address {} mtu {} up\n", interface.name,
                             hardware_address(interface), interface.mtu);
        batch += addresses(interface);
        batch += neighbours(host, interface);
      }
      for (const auto& route : host.plan().routes)
        batch += fmt::format("route add {}/{} via {}\n", to_string(route.destination.address),
                             route.destination.length, to_string(route.via));
      for (const auto& route : host.plan().ipv6_routes)
        batch += fmt::format("route add {} via {}\n", to_string(route.destination), to_string(route.via));
      host.run({"ip", "-batch", "-"}, batch);
    }
  }

 private:
  // A host that owns a bridge has it as an interface.
  const std::string& bridge_device(std::size_t index) const {
    const auto& bridge = scenario_.bridges[index];
    return bridge.host ? scenario_.hosts[*bridge.host].interfaces[bridge.host_interface].name : bridge.name;
  }

  Device device(const scenario::LinkEnd& end, std::size_t link) const {
    if (end.is_bridge)
      return {.host = bridge_hosts_[end.index],
              .name = fmt::format("port{}", link),
              .master = bridge_device(end.index),
              .mtu = end.mtu};
    return {.host = &hosts_[end.index], .name = scenario_.hosts[end.index].interfaces[end.interface].name};
  }

  // Quietly: no link-local address, no router to look for, no doubt about addresses.
  static void enable_ipv6(const Host& host, const scenario::Interface& interface) {
    for (const auto& [name, value] :
         {std::pair{"addr_gen_mode", "1"}, {"accept_ra", "0"}, {"accept_dad", "0"}, {"disable_ipv6", "0"}})
      set_sysctl(host, fmt::format("net.ipv6.conf.{}.{}", interface.name, name), value);
  }

  // Of IPv6 addresses that serve alike, the kernel prefers the one that it was given last.
  static std::string addresses(const scenario::Interface& interface) {
    std::string lines;
    const auto add = [&](const auto& address, int length, const char* how) {
      lines += fmt::format("addr add {}/{} dev {}{}\n", to_string(address), length, interface.name, how);
    };
    if (interface.has_ipv4()) add(interface.address.address, interface.address.length, "");
    for (const Ipv4Address more : interface.more_addresses) add(more, interface.address.length, "");
    const auto& ipv6 = interface.ipv6_addresses;
    std::for_each(ipv6.rbegin(), ipv6.rend(),
                  [&](const Ipv6Prefix& prefix) { add(prefix.address, prefix.length, " nodad"); });
    return lines;
  }

  // Those in the interface's own networks, if they or it are likely to be sent to.
  std::string neighbours(const Host& self, const scenario::Interface& interface) const {
    const bool all = is_target(interface);
    std::string lines;
    for (const Host& host : hosts_)
      for (const auto& theirs : host.plan().interfaces) {
        if (&host == &self || !(all || is_target(theirs))) continue;
        for (const IpAddress& address : theirs.addresses())
          if (scenario::is_neighbour(interface, address))
            lines += fmt::format("neigh add {} lladdr {} dev {} nud permanent\n", to_string(address),
                                 hardware_address(theirs), interface.name);
      }
    return lines;
  }

  bool is_target(const scenario::Interface& interface) const {
    return std::ranges::any_of(interface.addresses(),
                               [this](const IpAddress& address) { return targets_.contains(address); });
  }

  const Scenario& scenario_;
  const std::deque<Host>& hosts_;
  const std::set<IpAddress> targets_ = scenario::likely_targets(scenario_);
  std::vector<const Host*> bridge_hosts_;
};

}  // namespace

Taps make_network(const Scenario& scenario, const std::deque<Host>& hosts,
                  std::deque<scenario::Host>& switch_plans, std::deque<Host>& switches, bool taps) {
  const Builder builder(scenario, hosts, switch_plans, switches);
  builder.make_bridges();
  Taps made = builder.make_links(taps);
  builder.configure();
  return made;
}

}  // namespace hanglab::live
