// A server's own sockets on 127.0.0.1 or ::1, and programs that are run until they end:
//
//     program -- posix::Posix -- event loop -- lo -- udp / listener
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "core/dns.hh"
#include "models/posix/task.hh"
#include "sockets/program.hh"
#include "sockets/socket_address.hh"

namespace hanglab::sockets {

constexpr Ipv4Address loopback{0x7f000001};
constexpr Ipv6Address loopback6{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

// A socket of the test's own, bound to a free port of a loopback address.
class OwnSocket {
 public:
  explicit OwnSocket(int type, const IpAddress& address = loopback)
      : fd_(::socket(is_ipv6(address) ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const SocketAddress at({address, 0});
    REQUIRE(::bind(fd_, at.get(), at.size()) == 0);
  }
  OwnSocket(const OwnSocket&) = delete;
  OwnSocket& operator=(const OwnSocket&) = delete;
  ~OwnSocket() { ::close(fd_); }

  Endpoint endpoint() const {
    SocketAddress at;
    REQUIRE(getsockname(fd_, at.get(), at.room()) == 0);
    return at.endpoint();
  }
  int fd() const { return fd_; }

  struct Datagram {
    dns::Bytes bytes{};
    Endpoint from{};
  };
  std::optional<Datagram> receive() const {
    Datagram datagram{.bytes = dns::Bytes(65535)};
    SocketAddress from;
    const auto length =
        recvfrom(fd_, datagram.bytes.data(), datagram.bytes.size(), 0, from.get(), from.room());
    if (length < 0) return {};
    datagram.bytes.resize(static_cast<std::size_t>(length));
    datagram.from = from.endpoint();
    return datagram;
  }
  void send(const dns::Bytes& bytes, const Endpoint& to) const {
    const SocketAddress at(to);
    REQUIRE(sendto(fd_, bytes.data(), bytes.size(), 0, at.get(), at.size()) ==
            static_cast<ssize_t>(bytes.size()));
  }

 private:
  int fd_;
};

// Runs programs in one loop. Whoever waits longer than that has failed the test.
class Machine : Program::Owner {
 public:
  explicit Machine(Program::Settings settings) : settings_(settings) {}

  using Main = std::function<posix::Task<int>(posix::Posix&)>;

  // `meanwhile` is called between the turns of the loop: the server's part.
  int run(
      const Main& main, const std::function<void()>& meanwhile = [] {}) {
    Program program(loop_, *this, settings_, Random(1), observers);
    auto task = main(program);
    task.start();
    const TimePoint end = loop_.now() + std::chrono::seconds(20);
    while (!task.done()) {
      loop_.run_programs();
      meanwhile();
      if (!task.done()) loop_.turn(loop_.now() + std::chrono::milliseconds(1));
      REQUIRE(loop_.now() < end);
    }
    return task.result();
  }

  EventLoop& loop() { return loop_; }
  std::vector<posix::SyscallObserver*> observers{};

 private:
  void went_on() override {}

  EventLoop loop_;
  Program::Settings settings_;
};

}  // namespace hanglab::sockets
