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
constexpr std::uint16_t least_ipv6_mtu = 1280;  // RFC 8200 5

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

// An address of link scope would need the interface's name wherever it is used.
std::string objection(const Ipv6Prefix& prefix) {
  const Ipv6Address& address = prefix.address;
  if (is_link_local(address)) return "is link-local; a scenario has global or unique local addresses";
  if (is_multicast(address) || is_loopback(address) || mapped_v4(address) || address == Ipv6Address{})
    return "is no address of a host";
  if (prefix.length < 127 && !has_host_part(prefix)) return "is the network itself";
  return {};
}

bool looks_like_ipv6(const Value& value) { return value.text.find(':') != std::string::npos; }

Ipv6Prefix read_ipv6_address(const Value& value) {
  const auto prefix = parse_ipv6_prefix(value.text);
  if (!prefix)
    throw InputError(value.where, fmt::format("bad address '{}': wanted as 2001:db8::7/64", value.text));
  if (value.text.find('/') == std::string::npos)
    throw InputError(value.where,
                     fmt::format("'{}' has no prefix length: wanted as {}/64", value.text, value.text));
  if (const auto why = objection(*prefix); !why.empty())
    throw InputError(value.where, fmt::format("{} {}", value.text, why));
  return *prefix;
}

Ipv4Prefix read_ipv4_address(const Value& value) {
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

void read_address(const Value& value, Interface& interface) {
  if (looks_like_ipv6(value)) {
    interface.ipv6_addresses.push_back(read_ipv6_address(value));
    return;
  }
  const auto prefix = read_ipv4_address(value);
  if (!interface.has_ipv4()) {
    interface.address = prefix;
    return;
  }
  if (prefix.length != interface.address.length)
    throw InputError(value.where, fmt::format("{} has another prefix length than {}; an interface has one",
                                              value.text, to_string(interface.address)));
  interface.more_addresses.push_back(prefix.address);
}

Interface read_interface(const Entry& entry) {
  const Value* one = entry.value.find("address");
  const Value* many = entry.value.find("addresses");
  if ((one != nullptr) == (many != nullptr) || (many && many->items.empty()))
    throw InputError(entry.where, fmt::format("{} needs either 'address' or 'addresses'", entry.key));
  Interface interface { .name = entry.key };
  if (const Value* mtu = entry.value.find("mtu")) interface.mtu = read_mtu(*mtu);
  for (const auto& value : one ? std::span(one, 1) : std::span(many->items)) read_address(value, interface);
  if (!interface.ipv6_addresses.empty() && interface.mtu < least_ipv6_mtu)
    throw InputError(entry.value.find("mtu")->where,
                     fmt::format("an mtu of {}: IPv6 needs {} at least", interface.mtu, least_ipv6_mtu));
  return interface;
}

Ipv4Prefix prefix_of(Ipv4Address address, int length) { return {address, length}; }
Ipv6Prefix prefix_of(const Ipv6Address& address, int length) { return {address, length}; }

Ipv4Address advanced(Ipv4Address address, std::size_t steps) {
  return {address.value + static_cast<std::uint32_t>(steps)};
}

Ipv6Address advanced(Ipv6Address address, std::size_t steps) {
  for (std::size_t i = address.bytes.size(); i-- > 0 && steps > 0; steps >>= 8) {
    steps += address.bytes[i];
    address.bytes[i] = static_cast<std::uint8_t>(steps);
  }
  return address;
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
  const auto move = [&](auto& address, int length) {
    const auto network = prefix_of(address, length);
    const auto moved = prefix_of(advanced(address, steps), length);
    const auto why = network.contains(moved.address) ? objection(moved) : "is outside the network";
    if (!why.empty())
      throw InputError(value.where, fmt::format("copy {} of this host would get {}, which {}", steps + 1,
                                                to_string(moved), why));
    address = moved.address;
  };
  if (interface.has_ipv4()) move(interface.address.address, interface.address.length);
  for (auto& address : interface.more_addresses) move(address, interface.address.length);
  for (auto& prefix : interface.ipv6_addresses) move(prefix.address, prefix.length);
}

}  // namespace hanglab::scenario
