#include <algorithm>
#include <map>
#include <optional>
#include <sstream>
#include <type_traits>

#include <fmt/format.h>

#include "scenario/addressing.hh"
#include "scenario/readers.hh"

namespace hanglab::scenario {

namespace {

// A line of `ip route`: the destination, then words in pairs.
struct RouteLine {
  std::string destination;
  std::map<std::string, std::string> words;
};

RouteLine split(const Value& value) {
  std::istringstream stream(value.text);
  RouteLine line;
  stream >> line.destination;
  for (std::string key, word; stream >> key;) {
    if (key == "linkdown" || key == "dead")
      throw InputError(value.where, fmt::format("a route that is {} carries nothing; leave it out", key));
    if (!(stream >> word)) throw InputError(value.where, fmt::format("'{}' wants a word behind it", key));
    const bool known =
        key == "via" || key == "dev" || key == "src" || key == "proto" || key == "metric" || key == "scope";
    if (!known)
      throw InputError(value.where,
                       fmt::format("'{}' is not modelled; a route reads \"default via 192.168.122.1\"", key));
    if (!line.words.emplace(key, word).second)
      throw InputError(value.where, fmt::format("'{}' is given twice", key));
  }
  return line;
}

Ipv4Prefix read_destination(const std::string& text, const Location& where, const Ipv4Prefix& everywhere) {
  if (text == "default") return everywhere;
  const auto prefix = parse_ipv4_prefix(text);
  if (!prefix) throw InputError(where, fmt::format("bad destination '{}' of a route", text));
  if (host_part(*prefix) != 0)
    throw InputError(where, fmt::format("{} is an address inside its network, not the network", text));
  return *prefix;
}

Ipv6Prefix read_destination(const std::string& text, const Location& where, const Ipv6Prefix& everywhere) {
  if (text == "default") return everywhere;
  const auto prefix = parse_ipv6_prefix(text);
  if (!prefix) throw InputError(where, fmt::format("bad destination '{}' of a route", text));
  if (has_host_part(*prefix))
    throw InputError(where, fmt::format("{} is an address inside its network, not the network", text));
  return *prefix;
}

const Interface* interface_towards(const Host& host, const IpAddress& address) {
  const auto found =
      std::ranges::find_if(host.interfaces, [&](const Interface& one) { return is_neighbour(one, address); });
  return found == host.interfaces.end() ? nullptr : &*found;
}

bool is_in(const Interface& interface, const Ipv4Prefix& network) {
  return interface.has_ipv4() && interface.address.length == network.length;
}

bool is_in(const Interface& interface, const Ipv6Prefix& network) {
  return std::ranges::any_of(interface.ipv6_addresses, [&](const Ipv6Prefix& own) {
    return own.length == network.length && own.contains(network.address);
  });
}

// What the line says beyond destination and gateway must be what the lab does anyway.
void check_interface(const RouteLine& line, const Interface& interface, const Host& host, IpVersion version,
                     const Location& where) {
  if (const auto dev = line.words.find("dev"); dev != line.words.end() && dev->second != interface.name)
    throw InputError(
        where, fmt::format("{} leads out of {}, not {}", line.destination, interface.name, dev->second));
  const auto src = line.words.find("src");
  if (src == line.words.end()) return;
  const auto first = version == IpVersion::v4 ? to_string(interface.address.address)
                                              : to_string(interface.ipv6_addresses.front().address);
  if (src->second != first)
    throw InputError(where, fmt::format("src {}: {} sends from its first address on {}, {}", src->second,
                                        host.name, interface.name, first));
}

template <typename Address>
std::optional<Address> parse_gateway(const std::string& text) {
  const auto address = parse_ip(text);
  if (!address || !std::holds_alternative<Address>(*address)) return {};
  return std::get<Address>(*address);
}

// Of one version of IP, as its prefix tells.
template <typename OneRoute>
void read_route(const Value& value, const RouteLine& line, const Host& host, std::vector<OneRoute>& all) {
  using Address = decltype(OneRoute::via);
  constexpr auto version = std::is_same_v<Address, Ipv4Address> ? IpVersion::v4 : IpVersion::v6;
  const auto destination = read_destination(line.destination, value.where,
                                            decltype(OneRoute::destination){.address = {}, .length = 0});
  const auto via = line.words.find("via");
  if (via == line.words.end()) {
    // The kernel's own line for a network that an interface is in: nothing to add.
    const Interface* interface = interface_towards(host, destination.address);
    if (!interface || !is_in(*interface, destination))
      throw InputError(value.where, fmt::format("no interface of {} is in {}: which gateway? (\"{} via …\")",
                                                host.name, line.destination, line.destination));
    return check_interface(line, *interface, host, version, value.where);
  }
  const auto gateway = parse_gateway<Address>(via->second);
  if (!gateway) throw InputError(value.where, fmt::format("bad address '{}' of a gateway", via->second));
  const Interface* interface = interface_towards(host, *gateway);
  if (!interface || owns(host, *gateway))
    throw InputError(value.where,
                     fmt::format("{} has no neighbour {}: a gateway is another host on a network "
                                 "of its interfaces",
                                 host.name, via->second));
  check_interface(line, *interface, host, version, value.where);
  if (std::ranges::count(all, destination, &OneRoute::destination) > 0)
    throw InputError(value.where, fmt::format("a second route to {}", line.destination));
  all.push_back({.destination = destination, .via = *gateway});
}

// "default" alone does not tell: its gateway does.
bool is_ipv6_route(const RouteLine& line) {
  const auto has_colon = [](const std::string& text) { return text.find(':') != std::string::npos; };
  const auto via = line.words.find("via");
  if (line.destination == "default") return via != line.words.end() && has_colon(via->second);
  return has_colon(line.destination);
}

}  // namespace

void read_routes(const Value& routes, Host& host) {
  for (const auto& value : routes.items) {
    const auto line = split(value);
    if (is_ipv6_route(line))
      read_route(value, line, host, host.ipv6_routes);
    else
      read_route(value, line, host, host.routes);
  }
}

}  // namespace hanglab::scenario
