// A server's own sockets on 127.0.0.1, and programs that are run until they end:
//
//     program -- posix::Posix -- event loop -- 127.0.0.1 -- udp / listener
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <functional>
#include <optional>
#include <vector>

#include "core/dns.hh"
#include "models/posix/task.hh"
#include "sockets/program.hh"

namespace hanglab::sockets {

constexpr Ipv4Address loopback{0x7f000001};

// A socket of the test's own, bound to a free port of 127.0.0.1.
class OwnSocket {
 public:
  explicit OwnSocket(int type) : fd_(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_in at = address_of({loopback, 0});
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  }
  OwnSocket(const OwnSocket&) = delete;
  OwnSocket& operator=(const OwnSocket&) = delete;
  ~OwnSocket() { ::close(fd_); }

  Endpoint endpoint() const {
    sockaddr_in at{};
    socklen_t size = sizeof at;
    REQUIRE(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    return {Ipv4Address{ntohl(at.sin_addr.s_addr)}, ntohs(at.sin_port)};
  }
  int fd() const { return fd_; }

  struct Datagram {
    dns::Bytes bytes{};
    Endpoint from{};
  };
  std::optional<Datagram> receive() const {
    Datagram datagram{.bytes = dns::Bytes(65535)};
    sockaddr_in from{};
    socklen_t size = sizeof from;
    const auto length = recvfrom(fd_, datagram.bytes.data(), datagram.bytes.size(), 0,
                                 reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0) return {};
    datagram.bytes.resize(static_cast<std::size_t>(length));
    datagram.from = {Ipv4Address{ntohl(from.sin_addr.s_addr)}, ntohs(from.sin_port)};
    return datagram;
  }
  void send(const dns::Bytes& bytes, const Endpoint& to) const {
    const sockaddr_in at = address_of(to);
    REQUIRE(sendto(fd_, bytes.data(), bytes.size(), 0, reinterpret_cast<const sockaddr*>(&at), sizeof at) ==
            static_cast<ssize_t>(bytes.size()));
  }

  static sockaddr_in address_of(const Endpoint& endpoint) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(endpoint.port);
    at.sin_addr.s_addr = htonl(ipv4_of(endpoint.address).value);
    return at;
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
