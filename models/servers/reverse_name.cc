#include "models/servers/reverse_name.hh"

#include <fmt/format.h>

#include <algorithm>

namespace hanglab::servers {

std::string reverse_name(const IpAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4Address>(&address)) {
    const auto octet = [v4](int shift) { return v4->value >> shift & 0xff; };
    return fmt::format("{}.{}.{}.{}.in-addr.arpa", octet(0), octet(8), octet(16), octet(24));
  }
  std::string name;
  auto bytes = std::get<Ipv6Address>(address).bytes;
  std::ranges::reverse(bytes);
  for (const int byte : bytes) name += fmt::format("{:x}.{:x}.", byte & 15, byte >> 4);
  return name + "ip6.arpa";
}

}  // namespace hanglab::servers
