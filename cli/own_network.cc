#include "cli/own_network.hh"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

#include "core/error.hh"

namespace hanglab::cli {

namespace {

// The kernel lets a socket have local addresses alone.
bool can_have(const sockaddr* address, socklen_t size) {
  const int fd = socket(address->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool had = bind(fd, address, size) == 0;
  close(fd);
  return had;
}

}  // namespace

bool is_this_host(const IpAddress& address) {
  if (const auto* v4 = std::get_if<Ipv4Address>(&address)) {
    if (v4->value == 0) return false;
    sockaddr_in own{};
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(v4->value);
    return can_have(reinterpret_cast<const sockaddr*>(&own), sizeof own);
  }
  const auto& bytes = std::get<Ipv6Address>(address).bytes;
  sockaddr_in6 own{};
  own.sin6_family = AF_INET6;
  std::ranges::copy(bytes, own.sin6_addr.s6_addr);
  if (IN6_IS_ADDR_UNSPECIFIED(&own.sin6_addr)) return false;
  return can_have(reinterpret_cast<const sockaddr*>(&own), sizeof own);
}

void require_own_network(bool said, const std::string& option, const std::string& harm) {
  if (!said)
    throw InputError(fmt::format("{}: {}; say that it is yours with --i-own-this-network", option, harm));
}

}  // namespace hanglab::cli
