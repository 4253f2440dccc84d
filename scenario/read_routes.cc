#include <algorithm>
#include <map>
#include <sstream>

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

Ipv4Prefix read_destination(const std::string& text, const Location& where) {
  if (text == "default") return {.address = {}, .length = 0};
  const auto prefix = parse_ipv4_prefix(text);
  if (!prefix) throw InputError(where, fmt::format("bad destination '{}' of a route", text));
  if (host_part(*prefix) != 0)
    throw InputError(where, fmt::format("{} is an address inside its network, not the network", text));
  return *prefix;
}

const Interface* interface_towards(const Host& host, Ipv4Address address) {
  const auto found =
      std::ranges::find_if(host.interfaces, [&](const Interface& one) { return is_neighbour(one, address); });
  return found == host.interfaces.end() ? nullptr : &*found;
}

// What the line says beyond destination and gateway must be what the lab does anyway.
void check_interface(const RouteLine& line, const Interface& interface, const Host& host,
                     const Location& where) {
  if (const auto dev = line.words.find("dev"); dev != line.words.end() && dev->second != interface.name)
    throw InputError(
        where, fmt::format("{} leads out of {}, not {}", line.destination, interface.name, dev->second));
  const auto src = line.words.find("src");
  if (src != line.words.end() && src->second != to_string(interface.address.address))
    throw InputError(where, fmt::format("src {}: {} sends from its first address on {}, {}", src->second,
                                        host.name, interface.name, to_string(interface.address.address)));
}

}  // namespace

std::vector<Route> read_routes(const Value& routes, const Host& host) {
  std::vector<Route> all;
  for (const auto& value : routes.items) {
    const auto line = split(value);
    const auto destination = read_destination(line.destination, value.where);
    const auto via = line.words.find("via");
    if (via == line.words.end()) {
      // The kernel's own line for a network that an interface is in: nothing to add.
      const Interface* interface = interface_towards(host, destination.address);
      if (!interface || interface->address.length != destination.length)
        throw InputError(value.where,
                         fmt::format("no interface of {} is in {}: which gateway? (\"{} via …\")", host.name,
                                     line.destination, line.destination));
      check_interface(line, *interface, host, value.where);
      continue;
    }
    const auto gateway = parse_ipv4(via->second);
    if (!gateway) throw InputError(value.where, fmt::format("bad address '{}' of a gateway", via->second));
    const Interface* interface = interface_towards(host, *gateway);
    if (!interface || owns(host, *gateway))
      throw InputError(value.where,
                       fmt::format("{} has no neighbour {}: a gateway is another host on a network "
                                   "of its interfaces",
                                   host.name, via->second));
    check_interface(line, *interface, host, value.where);
    if (std::ranges::count(all, destination, &Route::destination) > 0)
      throw InputError(value.where, fmt::format("a second route to {}", line.destination));
    all.push_back({.destination = destination, .via = *gateway});
  }
  return all;
}

}  // namespace hanglab::scenario
