// IPv6 sockets of programs: of servers on ::1, and of servers on 127.0.0.1 by ::ffff:127.0.0.1.
#include <poll.h>

#include <cerrno>

#include "tests/sockets/loopback.hh"

using namespace hanglab;
using namespace hanglab::sockets;
using namespace std::chrono_literals;

namespace {

using Option = posix::Syscall::Option;

constexpr IpVersion v6 = IpVersion::v6;
constexpr Endpoint seen6{loopback6, 53};
constexpr Endpoint seen4{loopback, 53};
const Endpoint seen_mapped{v4_mapped(loopback), 53};

const dns::Bytes question{'?'};
const dns::Bytes reply{'a', 'b', 'c'};

// A program that asks once, unconnected, and hears the answer from where it asked.
Machine::Main ask(Endpoint server, IpVersion version) {
  return [server, version](posix::Posix& os) -> posix::Task<int> {
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, false, version)).value);
    const auto sent = co_await os.sendto(fd, question, server);
    CHECK(sent.value == 1);
    dns::Bytes buffer(10);
    const auto got = co_await os.recvmsg(fd, buffer);
    CHECK(got.from == server);
    CHECK(got.value == 3);
    const auto name = co_await os.getsockname(fd);
    CHECK(name.ok());
    co_await os.close(fd);
    co_return fd;
  };
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  CHECK(getsockopt(fd, level, name, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("A server on ::1 is reached where it is, and heard from port 53") {
  const OwnSocket server(SOCK_DGRAM, loopback6);
  Machine machine({.server = server.endpoint()});
  std::optional<Endpoint> client;
  machine.run(ask(seen6, v6), [&] {
    const auto query = server.receive();
    if (!query) return;
    client = query->from;
    server.send(reply, query->from);
  });
  REQUIRE(client);
  CHECK(client->address == IpAddress(loopback6));
}

TEST_CASE("A server of IPv4 is reached by the address that stands for it, from the client's own") {
  const OwnSocket server(SOCK_DGRAM);
  const std::optional<IpAddress> source = GENERATE(std::optional<IpAddress>{}, Ipv4Address{0x7f000102});
  Machine machine({.server = server.endpoint(), .source = source});
  std::optional<Endpoint> client;
  machine.run(ask(seen_mapped, v6), [&] {
    const auto query = server.receive();
    if (!query) return;
    client = query->from;
    server.send(reply, query->from);
  });
  REQUIRE(client);
  CHECK(client->address == source.value_or(loopback));
}

TEST_CASE("A closed socket is kept for those of its version of IP") {
  const OwnSocket server4(SOCK_DGRAM);
  const OwnSocket server6(SOCK_DGRAM, loopback6);
  Machine machine({.server = server4.endpoint(), .port_seen = server4.endpoint().port});
  const auto open = [&](IpVersion version, Endpoint to) {
    const int fd = machine.run([&](posix::Posix& os) -> posix::Task<int> {
      const int opened = static_cast<int>((co_await os.socket(Transport::udp, true, version)).value);
      const auto connected = co_await os.connect(opened, to);
      CHECK(connected.ok());
      const auto name = co_await os.getsockname(opened);
      CHECK(name.ok());
      co_await os.close(opened);
      co_return opened;
    });
    machine.loop().turn(machine.loop().now());  // in which nothing came for it
    return fd;
  };
  const int first = open(IpVersion::v4, server4.endpoint());
  const int second = open(v6, server6.endpoint());
  CHECK(second != first);
  CHECK(open(IpVersion::v4, server4.endpoint()) == first);
  CHECK(open(v6, server6.endpoint()) == second);
}

TEST_CASE("Options of an IPv6 socket are IPv6's, and those of the next one as new") {
  const OwnSocket server(SOCK_DGRAM, loopback6);
  Machine machine({.server = server.endpoint()});
  const auto ask_with = [&](bool told) {
    machine.run([&](posix::Posix& os) -> posix::Task<int> {
      const int fd = static_cast<int>((co_await os.socket(Transport::udp, true, v6)).value);
      if (told) {
        co_await os.set_recverr(fd, v6);
        co_await os.setsockopt(fd, Option::mtu_discover, IPV6_PMTUDISC_OMIT, v6);
      }
      co_await os.connect(fd, seen6);
      CHECK(option_of(fd, IPPROTO_IPV6, IPV6_RECVERR) == (told ? 1 : 0));
      CHECK(option_of(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER) ==
            (told ? IPV6_PMTUDISC_OMIT : IPV6_PMTUDISC_WANT));
      co_await os.close(fd);
      co_return 0;
    });
    machine.loop().turn(machine.loop().now());
  };
  ask_with(true);
  ask_with(false);
  ask_with(true);
}

TEST_CASE("IPV6_V6ONLY is for IPv6 sockets without a port") {
  const OwnSocket server(SOCK_DGRAM, loopback6);
  Machine machine({.server = server.endpoint()});
  for (int i = 0; i < 2; ++i) {  // the second time on a socket that is kept
    machine.run([](posix::Posix& os) -> posix::Task<int> {
      const int fd4 = static_cast<int>((co_await os.socket(Transport::udp, true)).value);
      auto set = co_await os.setsockopt(fd4, Option::v6only, 0, v6);
      CHECK(set.error == ENOPROTOOPT);
      const int fd = static_cast<int>((co_await os.socket(Transport::udp, true, v6)).value);
      set = co_await os.setsockopt(fd, Option::v6only, 0, v6);
      CHECK(set.ok());
      co_await os.bind(fd, v6);
      set = co_await os.setsockopt(fd, Option::v6only, 0, v6);
      CHECK(set.error == EINVAL);
      co_await os.close(fd);
      const int alone = static_cast<int>((co_await os.socket(Transport::udp, true, v6)).value);
      set = co_await os.setsockopt(alone, Option::v6only, 1, v6);
      CHECK(set.ok());
      const auto connected = co_await os.connect(alone, {v4_mapped(loopback), 9});
      CHECK(connected.error == ENETUNREACH);
      co_await os.close(alone);
      co_return 0;
    });
    machine.loop().turn(machine.loop().now());
  }
}

TEST_CASE("Nothing is sent to another than the one server over IPv6 either") {
  const OwnSocket server(SOCK_DGRAM, loopback6);
  const OwnSocket other(SOCK_DGRAM, loopback6);
  Machine machine({.server = server.endpoint()});
  machine.run([&](posix::Posix& os) -> posix::Task<int> {
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, true, v6)).value);
    auto sent = co_await os.sendto(fd, question, other.endpoint());
    CHECK(sent.error == EACCES);
    sent = co_await os.sendto(fd, question, seen_mapped);  // the server's port, at IPv4
    CHECK(sent.error == EACCES);
    const auto connected = co_await os.connect(fd, other.endpoint());
    CHECK(connected.ok());
    sent = co_await os.send(fd, question);
    CHECK(sent.error == EACCES);
    const int stream = static_cast<int>((co_await os.socket(Transport::tcp, true, v6)).value);
    const auto refused = co_await os.connect(stream, other.endpoint());
    CHECK(refused.error == EACCES);
    co_return 0;
  });
  CHECK(!other.receive());
}

TEST_CASE("Addresses of both versions are tried by connect(), whatever the client's own is") {
  const OwnSocket server(SOCK_DGRAM, loopback6);
  Machine machine({.server = server.endpoint(), .source = loopback6});
  machine.run([&](posix::Posix& os) -> posix::Task<int> {
    const int fd4 = static_cast<int>((co_await os.socket(Transport::udp, true)).value);
    const auto bound = co_await os.bind(fd4);
    CHECK(bound.ok());
    auto connected = co_await os.connect(fd4, {loopback, 9});
    CHECK(connected.ok());
    connected = co_await os.connect(fd4, {loopback6, 9});
    CHECK(connected.error == EAFNOSUPPORT);
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, true, v6)).value);
    connected = co_await os.connect(fd, {loopback6, 9});
    CHECK(connected.ok());
    connected = co_await os.connect(fd, {v4_mapped(loopback), 9});
    CHECK(connected.ok());
    connected = co_await os.connect(fd, seen6);
    CHECK(connected.ok());
    const auto sent = co_await os.send(fd, question);
    CHECK(sent.ok());
    co_return 0;
  });
  CHECK(server.receive());
}

TEST_CASE("A stream to ::1 is of IPv6, and one to ::ffff:127.0.0.1 of IPv4") {
  const bool mapped = GENERATE(false, true);
  const OwnSocket listener(SOCK_STREAM, mapped ? IpAddress(loopback) : IpAddress(loopback6));
  REQUIRE(listen(listener.fd(), 1) == 0);
  Machine machine({.server = listener.endpoint(), .source = listener.endpoint().address});
  machine.run([&](posix::Posix& os) -> posix::Task<int> {
    const int fd = static_cast<int>((co_await os.socket(Transport::tcp, false, v6)).value);
    const auto connected = co_await os.connect(fd, mapped ? seen_mapped : seen6);
    CHECK(connected.ok());
    co_return 0;
  });
  SocketAddress from;
  const int accepted = accept(listener.fd(), from.get(), from.room());
  CHECK(accepted >= 0);
  CHECK(from.endpoint().address == listener.endpoint().address);
  ::close(accepted);
}
