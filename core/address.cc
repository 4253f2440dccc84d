#include "core/address.hh"

#include <arpa/inet.h>

#include <charconv>

namespace hanglab {

namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned most) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > most) return {};
  return number;
}

}  // namespace

bool Ipv4Prefix::contains(Ipv4Address other) const {
  if (length == 0) return true;
  return ((address.value ^ other.value) >> (32 - length)) == 0;
}

std::optional<Ipv4Address> parse_ipv4(std::string_view text) {
  in_addr raw{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &raw) != 1) return {};
  return Ipv4Address{ntohl(raw.s_addr)};
}

std::optional<Ipv6Address> parse_ipv6(std::string_view text) {
  Ipv6Address address;
  if (inet_pton(AF_INET6, std::string(text).c_str(), address.bytes.data()) != 1) return {};
  return address;
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  if (const auto v4 = parse_ipv4(text)) return *v4;
  if (const auto v6 = parse_ipv6(text)) return *v6;
  return {};
}

std::optional<Ipv4Prefix> parse_ipv4_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_ipv4(text.substr(0, slash));
  if (!address) return {};
  if (slash == std::string_view::npos) return Ipv4Prefix{*address, 32};
  const auto length = parse_number(text.substr(slash + 1), 32);
  if (!length) return {};
  return Ipv4Prefix{*address, static_cast<int>(*length)};
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

std::string to_string(const Endpoint& endpoint) {
  const std::string port = ':' + std::to_string(endpoint.port);
  const std::string address = to_string(endpoint.address);
  return is_ipv6(endpoint.address) ? '[' + address + ']' + port : address + port;
}

}  // namespace hanglab
