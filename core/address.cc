#include "core/address.hh"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace hanglab {

namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > most) return {};
  return number;
}

// What follows the '/', or `whole` where nothing does; nothing where that is no length.
std::optional<int> prefix_length(std::string_view text, int whole) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return whole;
  const auto length = parse_number(text.substr(slash + 1), static_cast<unsigned>(whole));
  if (!length) return {};
  return static_cast<int>(*length);
}

// inet_pton(3), which reads up to a zero.
bool read_address(int family, std::string_view text, void* address) {
  std::array<char, INET6_ADDRSTRLEN> written{};
  if (text.size() >= written.size()) return false;
  std::ranges::copy(text, written.begin());
  return inet_pton(family, written.data(), address) == 1;
}

constexpr std::array<std::uint8_t, 12> mapped_prefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

bool Ipv4Prefix::contains(Ipv4Address other) const {
  if (length == 0) return true;
  return ((address.value ^ other.value) >> (32 - length)) == 0;
}

bool Ipv6Prefix::contains(const Ipv6Address& other) const { return common_prefix(address, other) >= length; }

int common_prefix(const Ipv6Address& a, const Ipv6Address& b) {
  int bits = 0;
  for (std::size_t i = 0; i < a.bytes.size(); ++i) {
    const auto differing = static_cast<std::uint8_t>(a.bytes[i] ^ b.bytes[i]);
    if (differing != 0) return bits + std::countl_zero(differing);
    bits += 8;
  }
  return bits;
}

bool is_link_local(const Ipv6Address& address) {
  return address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

bool is_multicast(const Ipv6Address& address) { return address.bytes[0] == 0xff; }

bool is_loopback(const IpAddress& address) {
  if (!is_ipv6(address)) return ipv4_of(address).value >> 24 == 127;
  constexpr Ipv6Address loopback{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};
  return ipv6_of(address) == loopback;
}

Ipv6Address v4_mapped(Ipv4Address address) {
  Ipv6Address mapped;
  std::ranges::copy(mapped_prefix, mapped.bytes.begin());
  for (std::size_t i = 0; i < 4; ++i)
    mapped.bytes[12 + i] = static_cast<std::uint8_t>(address.value >> (24 - 8 * i));
  return mapped;
}

std::optional<Ipv4Address> mapped_v4(const Ipv6Address& address) {
  if (!std::equal(mapped_prefix.begin(), mapped_prefix.end(), address.bytes.begin())) return {};
  Ipv4Address v4;
  for (std::size_t i = 12; i < 16; ++i) v4.value = v4.value << 8 | address.bytes[i];
  return v4;
}

std::optional<Ipv4Address> parse_ipv4(std::string_view text) {
  in_addr raw{};
  if (!read_address(AF_INET, text, &raw)) return {};
  return Ipv4Address{ntohl(raw.s_addr)};
}

std::optional<Ipv6Address> parse_ipv6(std::string_view text) {
  Ipv6Address address;
  if (!read_address(AF_INET6, text, address.bytes.data())) return {};
  return address;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (const auto v4 = parse_ipv4(text)) return *v4;
  if (const auto v6 = parse_ipv6(text)) return *v6;
  return {};
}

std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text) {
  const auto address = parse_ipv4(text.substr(0, text.find('/')));
  const auto length = prefix_length(text, 32);
  if (!address || !length) return {};
  return Ipv4Prefix{*address, *length};
}

std::optional<Ipv6Prefix> parse_ipv6_prefix(std::string_view text) {
  const auto address = parse_ipv6(text.substr(0, text.find('/')));
  const auto length = prefix_length(text, 128);
  if (!address || !length) return {};
  return Ipv6Prefix{*address, *length};
}

std::string to_string(Ipv4Address address) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) {
    text += std::to_string((address.value >> shift) & 0xff);
    if (shift > 0) text += '.';
  }
  return text;
}

std::string to_string(const Ipv6Address& address) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
}

std::string to_string(const IpAddress& address) {
  return std::visit([](const auto& one) { return to_string(one); }, address);
}

std::string to_string(const Ipv4Prefix& prefix) {
  return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

std::string to_string(const Ipv6Prefix& prefix) {
  return to_string(prefix.address) + '/' + std::to_string(prefix.length);
}

std::string to_string(const Endpoint& endpoint) {
  const std::string port = ':' + std::to_string(endpoint.port);
  const std::string address = to_string(endpoint.address);
  return is_ipv6(endpoint.address) ? '[' + address + ']' + port : address + port;
}

}  // namespace hanglab
