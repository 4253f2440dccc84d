#include <charconv>
#include <span>

#include <fmt/format.h>

#include "scenario/addressing.hh"
#include "scenario/readers.hh"

namespace hanglab::scenario {

namespace {

constexpr std::size_t longest_interface_name = 15;  // IFNAMSIZ - 1
constexpr std::uint16_t least_mtu = 68;
constexpr std::uint16_t largest_mtu = 65'535;

bool is_unicast(Ipv4Address address) {
  const auto first = address.value >> 24;
  return first != 0 && first != 127 && first < 224;
}

// Why a host cannot have this address; empty when it can. A /31 has no network or broadcast address
// (RFC 3021), a /32 is nothing else.
std::string objection(const Ipv4Prefix& prefix) {
  if (!is_unicast(prefix.address)) return "is no address of a host";
  if (prefix.length >= 31) return {};
  if (host_part(prefix) == 0) return "is the network itself";
  if (host_part(prefix) == broadcast_part(prefix.length)) return "is the network's broadcast address";
  return {};
}

Ipv4Prefix read_address(const Value& value) {
  const auto prefix = parse_ipv4_prefix(value.text);
  if (!prefix)
    throw InputError(value.where, fmt::format("bad address '{}': wanted as 192.168.122.119/24", value.text));
  if (value.text.find('/') == std::string::npos)
    throw InputError(value.where,
                     fmt::format("'{}' has no prefix length: wanted as {}/24", value.text, value.text));
  if (const auto why = objection(*prefix); !why.empty())
    throw InputError(value.where, fmt::format("{} {}", value.text, why));
  return *prefix;
}

// As `ip link set mtu` takes it: a datagram of 68 octets must fit (RFC 791 3.2), the total length has 16
// bits.
std::uint16_t read_mtu(const Value& value) {
  std::uint16_t mtu = 0;
  const char* last = value.text.data() + value.text.size();
  const auto [end, error] = std::from_chars(value.text.data(), last, mtu);
  if (error != std::errc{} || end != last || mtu < least_mtu || mtu > largest_mtu)
    throw InputError(value.where,
                     fmt::format("bad mtu '{}': wanted {} to {}", value.text, least_mtu, largest_mtu));
  return mtu;
}

Interface read_interface(const Entry& entry) {
  const Value* one = entry.value.find("address");
  const Value* many = entry.value.find("addresses");
  if ((one != nullptr) == (many != nullptr) || (many && many->items.empty()))
    throw InputError(entry.where, fmt::format("{} needs either 'address' or 'addresses'", entry.key));
  Interface interface { .name = entry.key, .address = read_address(one ? *one : many->items.front()) };
  if (const Value* mtu = entry.value.find("mtu")) interface.mtu = read_mtu(*mtu);
  if (one) return interface;
  for (const auto& value : std::span(many->items).subspan(1)) {
    const auto prefix = read_address(value);
    if (prefix.length != interface.address.length)
      throw InputError(value.where, fmt::format("{} has another prefix length than {}; an interface has one",
                                                value.text, to_string(interface.address)));
    interface.more_addresses.push_back(prefix.address);
  }
  return interface;
}

}  // namespace

std::vector<Interface> read_interfaces(const Value& interfaces) {
  std::vector<Interface> all;
  for (const auto& entry : interfaces.entries) {
    check_name(entry.key, "an interface", longest_interface_name, entry.where);
    if (entry.key == "lo") throw InputError(entry.where, "every host has its lo already; leave it out");
    all.push_back(read_interface(entry));
  }
  if (all.empty()) throw InputError(interfaces.where, "a host needs an interface");
  return all;
}

void count_up(Interface& interface, std::size_t steps, const Value& value) {
  const auto move = [&](Ipv4Address& address) {
    const Ipv4Prefix moved{{address.value + static_cast<std::uint32_t>(steps)}, interface.address.length};
    const Ipv4Prefix network{address, interface.address.length};
    const auto why = network.contains(moved.address) ? objection(moved) : "is outside the network";
    if (!why.empty())
      throw InputError(value.where, fmt::format("copy {} of this host would get {}, which {}", steps + 1,
                                                to_string(moved), why));
    address = moved.address;
  };
  move(interface.address.address);
  for (auto& address : interface.more_addresses) move(address);
}

}  // namespace hanglab::scenario
