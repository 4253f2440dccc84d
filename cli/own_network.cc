#include "cli/own_network.hh"

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

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

// As `ip -6 route get`: what is sent to an address of a local route comes back, though no interface has it,
// and a socket only if it asks for that (IPV6_FREEBIND).
bool has_local_route(const Ipv6Address& address) {
  struct {
    nlmsghdr header;
    rtmsg route;
    rtattr destination;
    std::array<std::uint8_t, 16> address;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = RTM_GETROUTE;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.route.rtm_family = AF_INET6;
  question.route.rtm_dst_len = 128;
  question.destination.rta_len = RTA_LENGTH(sizeof question.address);
  question.destination.rta_type = RTA_DST;
  question.address = address.bytes;
  struct {
    nlmsghdr header;
    rtmsg route;
    std::array<std::uint8_t, 4096> attributes;
  } answer{};
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (fd < 0) return false;
  const bool asked = send(fd, &question, sizeof question, 0) == sizeof question;
  const ssize_t length = asked ? recv(fd, &answer, sizeof answer, 0) : -1;
  close(fd);
  return length >= static_cast<ssize_t>(NLMSG_LENGTH(sizeof answer.route)) &&
         answer.header.nlmsg_type == RTM_NEWROUTE && answer.route.rtm_type == RTN_LOCAL;
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
  return can_have(reinterpret_cast<const sockaddr*>(&own), sizeof own) ||
         has_local_route(std::get<Ipv6Address>(address));
}

void require_own_network(bool said, const std::string& option, const std::string& harm) {
  if (!said)
    throw InputError(fmt::format("{}: {}; say that it is yours with --i-own-this-network", option, harm));
}

}  // namespace hanglab::cli
