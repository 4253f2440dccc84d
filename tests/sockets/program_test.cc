// System calls of programs on real sockets: their results are the kernel's, whatever waits beneath.
#include "tests/sockets/loopback.hh"

#include <poll.h>

#include <cerrno>
#include <set>

using namespace hanglab;
using namespace hanglab::sockets;
using namespace std::chrono_literals;

namespace {

constexpr Endpoint seen{loopback, 53};

const dns::Bytes question{'?'};
const dns::Bytes reply{'a', 'b', 'c'};

Machine machine_for(const OwnSocket& server) { return Machine({.server = server.endpoint()}); }

}  // namespace

TEST_CASE("A program that knows no port but 53 reaches the server where it is, and hears it from 53") {
  const OwnSocket server(SOCK_DGRAM);
  auto machine = machine_for(server);
  const int received = machine.run(
      [](posix::Posix& os) -> posix::Task<int> {
        const int fd = static_cast<int>((co_await os.socket(Transport::udp, false)).value);
        const auto sent = co_await os.sendto(fd, question, seen);
        CHECK(sent.value == 1);
        dns::Bytes buffer(2);
        const auto got = co_await os.recvmsg(fd, buffer);
        CHECK(got.from == seen);
        CHECK(got.truncated);
        CHECK(buffer == dns::Bytes{'a', 'b'});
        co_await os.close(fd);
        co_return static_cast<int>(got.value);
      },
      [&] {
        if (const auto query = server.receive()) server.send(reply, query->from);
      });
  CHECK(received == 2);
}

TEST_CASE("Each socket has a port of its own, though few are made, and hears nothing that came for another") {
  const OwnSocket server(SOCK_DGRAM);
  auto machine = machine_for(server);
  std::set<Endpoint> ports;
  std::set<std::int64_t> descriptors;
  for (int i = 0; i < 50; ++i) {
    const int heard = machine.run(
        [&](posix::Posix& os) -> posix::Task<int> {
          const auto opened = co_await os.socket(Transport::udp, true);
          descriptors.insert(opened.value);
          const int fd = static_cast<int>(opened.value);
          co_await os.set_recverr(fd);
          co_await os.connect(fd, seen);
          co_await os.send(fd, question);
          posix::PollFd ready{.fd = fd, .events = POLLIN};
          const auto polled = co_await os.poll({&ready, 1}, 5s);
          CHECK(polled.value == 1);
          const auto size = co_await os.fionread(fd);
          dns::Bytes buffer(100);
          const auto got = co_await os.recvfrom(fd, buffer);
          CHECK(size.value == got.value);
          buffer.resize(static_cast<std::size_t>(got.value));
          CHECK(buffer ==
                dns::Bytes{static_cast<std::uint8_t>(i)});  // not the second answer of the one before
          co_await os.close(fd);
          co_return 1;
        },
        [&] {
          const auto query = server.receive();
          if (!query) return;
          ports.insert(query->from);
          server.send({static_cast<std::uint8_t>(i)}, query->from);
          server.send({99}, query->from);
        });
    CHECK(heard == 1);
  }
  CHECK(ports.size() > 45);  // of 28,000
  CHECK(descriptors.size() < 10);
}

TEST_CASE("A closed socket's port is free at once") {
  const OwnSocket server(SOCK_DGRAM);
  auto machine = machine_for(server);
  std::optional<Endpoint> client;
  machine.run(
      [](posix::Posix& os) -> posix::Task<int> {
        const int fd = static_cast<int>((co_await os.socket(Transport::udp, false)).value);
        co_await os.connect(fd, seen);
        co_await os.send(fd, question);
        dns::Bytes buffer(10);
        co_await os.recvfrom(fd, buffer);
        co_await os.close(fd);
        co_return 0;
      },
      [&] {
        const auto query = server.receive();
        if (!query) return;
        client = query->from;
        server.send(reply, *client);
      });
  REQUIRE(client);
  const int other = ::socket(AF_INET, SOCK_DGRAM, 0);
  const SocketAddress at(*client);
  CHECK(::bind(other, at.get(), at.size()) == 0);
  ::close(other);
}

TEST_CASE("poll() in vain returns 0 after its timeout, late by 0.1 % of it as the kernel's") {
  const OwnSocket server(SOCK_DGRAM);
  auto machine = machine_for(server);
  const TimePoint began = machine.loop().now();
  machine.run([](posix::Posix& os) -> posix::Task<int> {
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, true)).value);
    co_await os.connect(fd, seen);
    posix::PollFd ready{.fd = fd, .events = POLLOUT};
    auto polled = co_await os.poll({&ready, 1}, 0s);
    CHECK(polled.value == 1);
    CHECK(ready.revents == POLLOUT);
    co_await os.send(fd, question);
    ready.events = POLLIN;
    polled = co_await os.poll({&ready, 1}, 200ms);
    CHECK(polled.value == 0);
    CHECK(ready.revents == 0);
    co_return 0;
  });
  CHECK(machine.loop().now() - began >= 200'200us);
}

TEST_CASE("Where nobody listens, the ICMP error reaches the connected socket") {
  Endpoint nobody;
  {
    const OwnSocket gone(SOCK_DGRAM);
    nobody = gone.endpoint();
  }
  Machine machine({.server = nobody});
  const int error = machine.run([](posix::Posix& os) -> posix::Task<int> {
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, true)).value);
    co_await os.connect(fd, seen);
    co_await os.send(fd, question);
    posix::PollFd ready{.fd = fd, .events = POLLIN};
    const auto polled = co_await os.poll({&ready, 1}, 5s);
    CHECK(polled.value == 1);
    CHECK((ready.revents & POLLERR) != 0);
    dns::Bytes buffer(10);
    const auto got = co_await os.recvfrom(fd, buffer);
    co_await os.close(fd);
    co_return got.error;
  });
  CHECK(error == ECONNREFUSED);
}

TEST_CASE("Nothing is sent to another than the one server; a datagram socket may be connected") {
  const OwnSocket server(SOCK_DGRAM);
  const OwnSocket other(SOCK_DGRAM);
  auto machine = machine_for(server);
  machine.run([&](posix::Posix& os) -> posix::Task<int> {
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, false)).value);
    auto sent = co_await os.sendto(fd, question, other.endpoint());
    CHECK(sent.error == EACCES);
    const auto connected = co_await os.connect(fd, other.endpoint());
    CHECK(connected.ok());
    sent = co_await os.send(fd, question);
    CHECK(sent.error == EACCES);
    const int stream = static_cast<int>((co_await os.socket(Transport::tcp, false)).value);
    const auto refused = co_await os.connect(stream, other.endpoint());
    CHECK(refused.error == EACCES);
    const auto unknown = co_await os.close(12345);
    CHECK(unknown.error == EBADF);
    co_return 0;
  });
  CHECK(!other.receive());
}

TEST_CASE("A blocking stream connects, writes and reads as it would alone") {
  const OwnSocket listener(SOCK_STREAM);
  REQUIRE(listen(listener.fd(), 1) == 0);
  Machine machine({.server = listener.endpoint(), .source = Ipv4Address{0x7f000102}});
  int accepted = -1;
  SocketAddress from;
  Endpoint client;
  const int read = machine.run(
      [](posix::Posix& os) -> posix::Task<int> {
        const int fd = static_cast<int>((co_await os.socket(Transport::tcp, false)).value);
        const auto connected = co_await os.connect(fd, seen);
        CHECK(connected.ok());
        const auto written = co_await os.writev(fd, question, reply);
        CHECK(written.value == 4);
        dns::Bytes buffer(10);
        const auto got = co_await os.read(fd, buffer);
        CHECK(got.value == 3);
        const auto end = co_await os.read(fd, buffer);
        CHECK(end.value == 0);
        co_await os.close(fd);
        co_return static_cast<int>(got.value);
      },
      [&] {
        if (accepted < 0) accepted = accept(listener.fd(), from.get(), from.room());
        if (accepted < 0 || client.port != 0) return;
        dns::Bytes buffer(10);
        const auto length = recv(accepted, buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (length < 0) return;
        client = from.endpoint();
        CHECK(length == 4);
        CHECK(::send(accepted, reply.data(), reply.size(), 0) == 3);
        shutdown(accepted, SHUT_WR);
      });
  CHECK(read == 3);
  CHECK(client.address == IpAddress(Ipv4Address{0x7f000102}));
  ::close(accepted);
}

TEST_CASE("A refused connection is ECONNREFUSED: from connect() if it blocks, else from SO_ERROR") {
  Endpoint nobody;
  {
    const OwnSocket gone(SOCK_STREAM);
    nobody = gone.endpoint();
  }
  Machine machine({.server = nobody});
  machine.run([](posix::Posix& os) -> posix::Task<int> {
    const int blocking = static_cast<int>((co_await os.socket(Transport::tcp, false)).value);
    auto connected = co_await os.connect(blocking, seen);
    CHECK(connected.error == ECONNREFUSED);
    const int fd = static_cast<int>((co_await os.socket(Transport::tcp, true)).value);
    connected = co_await os.connect(fd, seen);
    if (connected.error != ECONNREFUSED) {  // the reset may be faster than the call
      CHECK(connected.error == EINPROGRESS);
      posix::PollFd ready{.fd = fd, .events = POLLOUT};
      const auto polled = co_await os.poll({&ready, 1}, 5s);
      CHECK(polled.value == 1);
      const auto error = co_await os.so_error(fd);
      CHECK(error.value == ECONNREFUSED);
    }
    co_return 0;
  });
}

TEST_CASE("Of two tasks the one that hears first goes on, and the other's call is given up") {
  const OwnSocket server(SOCK_DGRAM);
  auto machine = machine_for(server);
  const int winner = machine.run([](posix::Posix& os) -> posix::Task<int> {
    const auto wait = [](posix::Posix& kernel, Duration time, int number) -> posix::Task<int> {
      co_await kernel.poll({}, time);
      co_return number;
    };
    const int first = co_await posix::first(wait(os, 2h, 1), wait(os, 10ms, 2));
    co_return first;
  });
  CHECK(winner == 2);
}
