// Internet addresses as values, in host byte order where they are numbers.
// Text forms: IPv4 as RFC 1123 2.1 dotted decimal (four parts, no leading sign, each at most 255),
// IPv6 as RFC 4291 2.2 in, RFC 5952 out.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace hanglab {

struct Ipv4Address {
  std::uint32_t value = 0;

  auto operator<=>(const Ipv4Address&) const = default;
};

struct Ipv6Address {
  std::array<std::uint8_t, 16> bytes{};

  auto operator<=>(const Ipv6Address&) const = default;
};

using IpAddress = std::variant<Ipv4Address, Ipv6Address>;

enum class IpVersion { v4, v6 };

// An address with the length of its network: "192.168.122.119/24".
struct Ipv4Prefix {
  Ipv4Address address;
  int length = 32;

  bool contains(Ipv4Address other) const;
  auto operator<=>(const Ipv4Prefix&) const = default;
};

// "2001:db8::7/64".
struct Ipv6Prefix {
  Ipv6Address address{};
  int length = 128;

  bool contains(const Ipv6Address& other) const;
  auto operator<=>(const Ipv6Prefix&) const = default;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  auto operator<=>(const Endpoint&) const = default;
};

constexpr bool is_ipv6(const IpAddress& address) { return std::holds_alternative<Ipv6Address>(address); }
constexpr IpVersion version_of(const IpAddress& address) {
  return is_ipv6(address) ? IpVersion::v6 : IpVersion::v4;
}
// Of an address that is one; else throws std::bad_variant_access.
constexpr Ipv4Address ipv4_of(const IpAddress& address) { return std::get<Ipv4Address>(address); }
constexpr const Ipv6Address& ipv6_of(const IpAddress& address) { return std::get<Ipv6Address>(address); }

// How many bits from the first on two addresses have in common.
int common_prefix(const Ipv6Address& a, const Ipv6Address& b);
bool is_link_local(const Ipv6Address& address);  // fe80::/10
bool is_multicast(const Ipv6Address& address);   // ff00::/8
bool is_loopback(const IpAddress& address);      // 127.0.0.0/8, ::1

// IPv4 addresses as an IPv6 socket has them, ::ffff:192.168.122.1 (RFC 4291 2.5.5.2).
Ipv6Address v4_mapped(Ipv4Address address);
std::optional<Ipv4Address> mapped_v4(const Ipv6Address& address);

std::optional<Ipv4Address> parse_ipv4(std::string_view text);
std::optional<Ipv6Address> parse_ipv6(std::string_view text);
std::optional<IpAddress> parse_ip(std::string_view text);
std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text);  // without "/n": /32
std::optional<Ipv6Prefix> parse_ipv6_prefix(std::string_view text);  // without "/n": /128

std::string to_string(Ipv4Address address);
std::string to_string(const Ipv6Address& address);
std::string to_string(const IpAddress& address);
std::string to_string(const Ipv4Prefix& prefix);
std::string to_string(const Ipv6Prefix& prefix);
std::string to_string(const Endpoint& endpoint);  // "192.168.122.1:53", "[2001:db8::1]:53"

}  // namespace hanglab
