// An address as system calls take and give it, sockaddr_in or sockaddr_in6: no more of it is written, and
// handed over, than its family has.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>

#include "core/address.hh"

namespace hanglab::sockets {

class SocketAddress {
 public:
  SocketAddress() : size_(sizeof of_.v6) {}  // room for one of either family

  explicit SocketAddress(const Endpoint& endpoint) {
    if (const auto* v4 = std::get_if<Ipv4Address>(&endpoint.address)) {
      size_ = sizeof of_.v4;
      of_.v4 = {};
      of_.v4.sin_family = AF_INET;
      of_.v4.sin_port = htons(endpoint.port);
      of_.v4.sin_addr.s_addr = htonl(v4->value);
      return;
    }
    size_ = sizeof of_.v6;
    of_.v6 = {};
    of_.v6.sin6_family = AF_INET6;
    of_.v6.sin6_port = htons(endpoint.port);
    std::ranges::copy(ipv6_of(endpoint.address).bytes, of_.v6.sin6_addr.s6_addr);
  }

  sockaddr* get() { return &of_.any; }
  const sockaddr* get() const { return &of_.any; }
  socklen_t size() const { return size_; }
  socklen_t* room() { return &size_; }  // for the kernel to say how much it wrote

  Endpoint endpoint() const {
    if (of_.any.sa_family != AF_INET6)
      return {Ipv4Address{ntohl(of_.v4.sin_addr.s_addr)}, ntohs(of_.v4.sin_port)};
    Ipv6Address address;
    std::ranges::copy(of_.v6.sin6_addr.s6_addr, address.bytes.begin());
    return {address, ntohs(of_.v6.sin6_port)};
  }

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } of_;
  socklen_t size_;
};

}  // namespace hanglab::sockets
