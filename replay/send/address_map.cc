#include "replay/send/address_map.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/big_endian.hh"
#include "core/error.hh"

namespace hanglab::replay {

namespace {

struct Octets {
  std::array<std::uint8_t, 16> bytes{};
  std::size_t size = 0;

  std::span<const std::uint8_t> view() const { return std::span(bytes).first(size); }
};

Octets octets_of(const IpAddress& address) {
  Octets octets;
  if (const auto* v6 = std::get_if<Ipv6Address>(&address)) return {.bytes = v6->bytes, .size = 16};
  const std::uint32_t value = std::get<Ipv4Address>(address).value;
  for (std::size_t i = 0; i < 4; ++i) octets.bytes[i] = static_cast<std::uint8_t>(value >> (24 - 8 * i));
  octets.size = 4;
  return octets;
}

// The bits of that octet that belong to a prefix of so many bits.
std::uint8_t mask_of(std::size_t octet, int length) {
  const int bits = std::clamp(length - 8 * static_cast<int>(octet), 0, 8);
  return static_cast<std::uint8_t>(0xff00 >> bits);
}

template <typename Number>
std::optional<Number> read_number(std::string_view text) {
  Number number = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) return {};
  return number;
}

std::pair<std::string_view, std::string_view> halves(std::string_view text, const char* form) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) throw InputError(fmt::format("{}: reads {}", text, form));
  return {text.substr(0, equals), text.substr(equals + 1)};
}

}  // namespace

bool IpPrefix::contains(std::span<const std::uint8_t> octets) const {
  const Octets own = octets_of(address);
  if (own.size != octets.size()) return false;
  for (std::size_t i = 0; i < own.size; ++i)
    if (((own.bytes[i] ^ octets[i]) & mask_of(i, length)) != 0) return false;
  return true;
}

IpPrefix read_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ip(text.substr(0, slash));
  if (!address) throw InputError(fmt::format("{}: is no address", text));
  const int longest = std::holds_alternative<Ipv4Address>(*address) ? 32 : 128;
  const auto length = slash == std::string_view::npos ? longest : read_number<int>(text.substr(slash + 1));
  if (!length || *length < 0 || *length > longest)
    throw InputError(fmt::format("{}: the length of a network is 0 to {}", text, longest));
  const Octets octets = octets_of(*address);
  for (std::size_t i = 0; i < octets.size; ++i)
    if ((octets.bytes[i] & ~mask_of(i, *length)) != 0)
      throw InputError(fmt::format("{}: the address has bits behind /{}", text, *length));
  return {.address = *address, .length = *length};
}

AddressMap read_address_map(std::string_view text) {
  const auto [from, to] = halves(text, "ADDRESS=ADDRESS or NETWORK=NETWORK");
  const AddressMap map{.from = read_prefix(from), .to = read_prefix(to)};
  if (map.from.address.index() != map.to.address.index())
    throw InputError(fmt::format("{}: maps between IPv4 and IPv6", text));
  if (map.from.length != map.to.length)
    throw InputError(fmt::format("{}: the networks are not of one size", text));
  return map;
}

PortMap read_port_map(std::string_view text) {
  const auto [from, to] = halves(text, "PORT=PORT");
  const auto old_port = read_number<std::uint16_t>(from);
  const auto new_port = read_number<std::uint16_t>(to);
  if (!old_port || !new_port) throw InputError(fmt::format("{}: a port is a number up to 65535", text));
  return {.from = *old_port, .to = *new_port};
}

bool map_address(std::span<const AddressMap> maps, std::span<std::uint8_t> octets) {
  const auto map = std::ranges::find_if(maps, [&](const AddressMap& m) { return m.from.contains(octets); });
  if (map == maps.end()) return false;
  const Octets to = octets_of(map->to.address);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::uint8_t mask = mask_of(i, map->to.length);
    octets[i] = static_cast<std::uint8_t>((to.bytes[i] & mask) | (octets[i] & ~mask));
  }
  return true;
}

IpAddress mapped_address(std::span<const AddressMap> maps, const IpAddress& address) {
  Octets octets = octets_of(address);
  map_address(maps, std::span(octets.bytes).first(octets.size));
  if (is_ipv6(address)) return Ipv6Address{octets.bytes};
  return Ipv4Address{get_u32(octets.bytes, 0)};
}

}  // namespace hanglab::replay
