// The sockets of programs, by their descriptors: real ones of this kernel, all non-blocking underneath.
//
// A socket of its own for each lookup is what real programs have, and what servers and firewalls see: a fresh
// port. socket(2), close(2) and registering with epoll(7) are most of what that costs, so a UDP socket that a
// program closes is kept for the next one. connect() with AF_UNSPEC takes its port from it at once, as
// close() does (net/ipv4/udp.c, udp_disconnect: unhashed), and whoever uses it next gets another. What was
// still queued or pending at that time shows in the next epoll_wait(); then it is closed, never used again.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "core/address.hh"
#include "core/lookup.hh"
#include "models/posix/posix.hh"

namespace hanglab::sockets {

class Program;

// Options of a datagram socket. The kernel is told of them before they matter.
struct DatagramOptions {
  int recverr = 0;       // IP_RECVERR, IPV6_RECVERR
  int broadcast = 0;     // SO_BROADCAST
  int mtu_discover = 1;  // IP_MTU_DISCOVER, IPV6_MTU_DISCOVER: IP_PMTUDISC_WANT

  bool operator==(const DatagramOptions&) const = default;
};

struct Descriptor {
  Program* program = nullptr;    // whose it is; none: closed, or kept for the next one
  std::uint32_t generation = 0;  // of the socket under this number: an event may be of an earlier one
  std::uint32_t registered = 0;  // with epoll, the events; 0: not at all
  Transport transport = Transport::udp;
  IpVersion version = IpVersion::v4;
  bool nonblocking = false;   // as its program asked
  DatagramOptions options{};  // as its program set them
  DatagramOptions told{};     // as the kernel knows them
  bool plain = true;          // no call failed: it can be used again
  bool used = false;          // something was sent on it, or connect() called
  bool connecting = false;    // a stream whose connect() has not ended
  bool connected = false;
  int syns = 0;                       // of that connect(), as far as they were counted
  bool named = false;                 // its program has bound it, connected it, or sent
  int v6only = 0;                     // IPV6_V6ONLY, as its program set it; net.ipv6.bindv6only is 0
  std::optional<IpAddress> bound{};   // the address that it was given to send from
  bool has_port = false;              // by bind()
  std::optional<Endpoint> reached{};  // whom the kernel has it connected to
  Endpoint peer{};                    // as its program sees it
  // What was received ahead of the program's call: a datagram, or an error.
  bool holds_datagram = false;
  std::vector<std::uint8_t> datagram{};
  Endpoint datagram_from{};
  int held_error = 0;
};

class SocketTable {
 public:
  // keep_ports: a kept socket keeps its port too, and its peer. The one that was kept longest is used next,
  // so that a port comes again after 2,000 others.
  explicit SocketTable(bool keep_ports);
  ~SocketTable();
  SocketTable(const SocketTable&) = delete;
  SocketTable& operator=(const SocketTable&) = delete;

  // Its descriptor; or -1, with errno.
  int open(Program& program, Transport transport, IpVersion version, bool nonblocking);
  // As its program sees it; a datagram socket may be kept.
  void close(int fd);

  // What epoll reports of it besides POLLERR and POLLHUP; 0: nothing at all.
  void watch(int fd, std::uint32_t events);
  // Of an event that is not for a program any more: a kept socket is not as new, and is closed.
  void was_not_clean(int fd);
  // A whole epoll_wait() brought nothing of those kept before it: they may be used again.
  void all_quiet();

  Descriptor* find(int fd);
  int epoll() const { return epoll_; }

 private:
  int take_kept(IpVersion version);  // -1: none
  std::deque<int>& clean(IpVersion version) { return clean_[version == IpVersion::v4 ? 0 : 1]; }
  std::size_t kept() const { return waiting_.size() + clean_[0].size() + clean_[1].size(); }
  void forget(int fd);

  bool keep_ports_;
  int epoll_ = -1;
  std::vector<Descriptor> descriptors_;   // by number
  std::vector<int> waiting_;              // kept, but not yet known to be clean
  std::array<std::deque<int>, 2> clean_;  // of IPv4, of IPv6
};

}  // namespace hanglab::sockets
