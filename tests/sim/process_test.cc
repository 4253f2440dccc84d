// What a program sees of its kernel at the system calls that glibc does not make: datagram sockets that are
// not connected, connect() that does not wait, poll() of several descriptors, several tasks.
#include <catch2/catch.hpp>

#include <poll.h>

#include <cerrno>

#include "core/dns.hh"
#include "tests/sim/small_program.hh"

using namespace hanglab;
using namespace hanglab::tests;
using namespace std::chrono_literals;
using posix::Posix;
using posix::Task;

namespace {

constexpr Endpoint first_server{Ipv4Address{0xc0a87a01}, 53};
constexpr Endpoint second_server{Ipv4Address{0xc0a87a02}, 53};
const std::string udp_to_first = "iptables -A INPUT -d 192.168.122.1 -p udp --dport 53 -j ";
const std::string tcp_to_first = "iptables -A INPUT -d 192.168.122.1 -p tcp --dport 53 -j ";

dns::Bytes query(std::uint16_t id) { return dns::encode_query(id, {.name = "small.mydomain.net"}); }

Task<int> open(Posix& os, Transport transport) {
  co_return static_cast<int>((co_await os.socket(transport, true)).value);
}

}  // namespace

TEST_CASE("One unconnected socket asks two servers and is told who answers", "[sim]") {
  std::vector<Endpoint> heard;
  const auto ran = run_program({}, [&](Posix& os) -> Task<int> {
    const int fd = co_await open(os, Transport::udp);
    co_await os.bind(fd);
    co_await os.sendto(fd, query(1), first_server);
    co_await os.sendto(fd, query(2), second_server);
    while (heard.size() < 2) {
      posix::PollFd ready{.fd = fd, .events = POLLIN};
      co_await os.poll({&ready, 1}, {});
      dns::Bytes answer(512);
      heard.push_back((co_await os.recvfrom(fd, answer)).from);
    }
    co_await os.close(fd);
    co_return 0;
  });
  CHECK(heard == std::vector<Endpoint>{first_server, second_server});
  REQUIRE(ran.attempts.size() == 2);
  for (const Attempt& attempt : ran.attempts) CHECK(attempt.result == "answered");
  CHECK(ran.attempts[0].server == first_server);
  CHECK(ran.attempts[1].server == second_server);
  CHECK(ran.strace.find("sin_addr=inet_addr(\"192.168.122.2\")}, 16) = 36 <") != std::string::npos);
}

TEST_CASE("A datagram longer than the buffer is cut, and recvmsg says so", "[sim]") {
  posix::Result received;
  run_program({}, [&](Posix& os) -> Task<int> {
    const int fd = co_await open(os, Transport::udp);
    co_await os.sendto(fd, query(1), first_server);
    posix::PollFd ready{.fd = fd, .events = POLLIN};
    co_await os.poll({&ready, 1}, {});
    dns::Bytes answer(50);  // of 84
    received = co_await os.recvmsg(fd, answer);
    co_return 0;
  });
  CHECK(received.value == 50);
  CHECK(received.truncated);
}

// Whom an ICMP error reaches: net/ipv4/udp.c, __udp4_lib_err.
TEST_CASE("An ICMP error reaches a connected socket if it is final, any other only with IP_RECVERR",
          "[sim]") {
  struct Case {
    const char* reject_with;
    bool connected;
    bool recverr;
    int error;  // 0: the program waits in vain
  };
  for (const Case& c : {Case{"icmp-port-unreachable", false, false, 0},
                        Case{"icmp-port-unreachable", false, true, ECONNREFUSED},
                        Case{"icmp-port-unreachable", true, false, ECONNREFUSED},
                        Case{"icmp-host-unreachable", true, false, 0},
                        Case{"icmp-host-unreachable", true, true, EHOSTUNREACH}}) {
    INFO(c.reject_with << (c.connected ? ", connected" : "") << (c.recverr ? ", IP_RECVERR" : ""));
    std::int64_t ready_count = -1;
    posix::Result received;
    const auto rules = udp_to_first + "REJECT --reject-with " + c.reject_with;
    const auto ran = run_program({.hypervisor_rules = rules}, [&](Posix& os) -> Task<int> {
      const int fd = co_await open(os, Transport::udp);
      if (c.recverr) co_await os.set_recverr(fd);
      if (c.connected) co_await os.connect(fd, first_server);
      if (c.connected)
        co_await os.send(fd, query(1));
      else
        co_await os.sendto(fd, query(1), first_server);
      posix::PollFd ready{.fd = fd, .events = POLLIN};
      ready_count = (co_await os.poll({&ready, 1}, 1s)).value;
      dns::Bytes answer(512);
      received = co_await os.recvfrom(fd, answer);
      co_await os.close(fd);
      co_return 0;
    });
    REQUIRE(ran.attempts.size() == 1);
    CHECK(ready_count == (c.error == 0 ? 0 : 1));
    CHECK(received.error == (c.error == 0 ? EAGAIN : c.error));
    CHECK(ran.attempts[0].result == (c.error == 0 ? "timeout" : "recv " + posix::errno_name(c.error)));
  }
}

TEST_CASE("connect() of a non-blocking stream goes on alone; poll() and SO_ERROR tell how it ended",
          "[sim]") {
  struct Case {
    std::string rules;
    std::int64_t error;
    std::string attempt;
  };
  for (const Case& c :
       {Case{"", 0, "no answer"},
        Case{tcp_to_first + "REJECT --reject-with tcp-reset", ECONNREFUSED, "connect ECONNREFUSED"},
        Case{tcp_to_first + "DROP", ETIMEDOUT, "connect ETIMEDOUT"}}) {
    INFO(c.rules);
    posix::Result connected;
    posix::PollFd ready{.events = POLLOUT};
    posix::Result error;
    const auto ran = run_program({.hypervisor_rules = c.rules}, [&](Posix& os) -> Task<int> {
      ready.fd = co_await open(os, Transport::tcp);
      connected = co_await os.connect(ready.fd, first_server);
      co_await os.poll({&ready, 1}, {});
      error = co_await os.so_error(ready.fd);
      co_await os.close(ready.fd);
      co_return 0;
    });
    CHECK(connected.error == EINPROGRESS);
    CHECK((ready.revents & POLLOUT) != 0);
    CHECK(((ready.revents & POLLERR) != 0) == (c.error != 0));
    CHECK(error.value == c.error);
    REQUIRE(ran.attempts.size() == 1);
    CHECK(ran.attempts[0].result == c.attempt);
    CHECK(ran.attempts[0].server == first_server);
    const bool timed_out = c.error == ETIMEDOUT;  // 1 + 2 s, by the SYN timer
    CHECK(ran.attempts[0].syns == (timed_out ? 2 : 1));
    CHECK((*ran.duration > 3s) == timed_out);
  }
}

TEST_CASE("poll() reports the ICMP error that met the socket locked, and SO_ERROR tells it", "[sim]") {
  // Over a veth pair the error is back while connect() still runs. Measured: EPOLLERR alone, at once.
  posix::PollFd ready{.events = POLLOUT};
  posix::Result error;
  const Small small{.hypervisor_rules = tcp_to_first + "REJECT", .delay = "3us"};
  const auto ran = run_program(small, [&](Posix& os) -> Task<int> {
    ready.fd = co_await open(os, Transport::tcp);
    co_await os.connect(ready.fd, first_server);
    co_await os.poll({&ready, 1}, {});
    error = co_await os.so_error(ready.fd);
    co_return 0;
  });
  CHECK(ready.revents == POLLERR);
  CHECK(error.value == ECONNREFUSED);
  CHECK(*ran.duration < 10ms);
}

TEST_CASE("getsockname() tells a stream's own address as soon as it connects", "[sim]") {
  const auto ran = run_program({}, [](Posix& os) -> Task<int> {
    const int fd = co_await open(os, Transport::tcp);
    co_await os.getsockname(fd);
    co_await os.connect(fd, first_server);
    co_await os.getsockname(fd);
    co_return 0;
  });
  CHECK(ran.strace.find("getsockname(3, {sa_family=AF_INET, sin_port=htons(0), "
                        "sin_addr=inet_addr(\"0.0.0.0\")}") != std::string::npos);
  CHECK(ran.strace.find("sin_addr=inet_addr(\"192.168.122.119\")}, [28 => 16]) = 0") != std::string::npos);
}

TEST_CASE("A program that stops waiting for connect() leaves an attempt that timed out", "[sim]") {
  const auto ran = run_program({.hypervisor_rules = tcp_to_first + "DROP"}, [](Posix& os) -> Task<int> {
    posix::PollFd ready{.fd = co_await open(os, Transport::tcp), .events = POLLOUT};
    co_await os.connect(ready.fd, first_server);
    co_await os.poll({&ready, 1}, 500ms);
    co_await os.close(ready.fd);
    co_return 0;
  });
  REQUIRE(ran.attempts.size() == 1);
  CHECK(ran.attempts[0].result == "timeout");
  CHECK(ran.attempts[0].syns == 1);
}

TEST_CASE("sendmsg() with MSG_FASTOPEN connects, and sends nothing before poll() says so", "[sim]") {
  posix::Result opened;
  posix::Result sent;
  const auto ran = run_program({}, [&](Posix& os) -> Task<int> {
    const int fd = co_await open(os, Transport::tcp);
    co_await os.setsockopt(fd, posix::Syscall::Option::fastopen_connect);
    const auto message = dns::framed(query(1));
    const posix::ByteView view(message);
    opened = co_await os.sendmsg(fd, view.first(2), view.subspan(2), first_server);
    posix::PollFd ready{.fd = fd, .events = POLLOUT};
    co_await os.poll({&ready, 1}, {});
    sent = co_await os.sendmsg(fd, view.first(2), view.subspan(2));
    ready.events = POLLIN;
    co_await os.poll({&ready, 1}, {});
    dns::Bytes answer(512);
    co_await os.recvmsg(fd, answer);
    co_await os.close(fd);
    co_return 0;
  });
  CHECK(opened.error == EINPROGRESS);
  CHECK(sent.value == 38);
  REQUIRE(ran.attempts.size() == 1);
  CHECK(ran.attempts[0].result == "answered");
  CHECK(ran.attempts[0].transport == Transport::tcp);
}

// As Linux 6.18 did it, towards a server that gives no cookie.
TEST_CASE(
    "A Fast Open socket asks for a cookie: by the option, once by the experimental one, then no more of that",
    "[sim]") {
  using kernel::CookieRequest;
  using Requests = std::vector<std::optional<CookieRequest>>;
  struct Case {
    std::string rules;
    std::string sysctls;
    Requests requests;
  };
  const std::string drop_every_other =
      "-A INPUT -p tcp --syn -m statistic --mode nth --every 2 --packet 0 -j DROP";
  for (const Case& c :
       {Case{"", "", {CookieRequest::standard, CookieRequest::experimental, CookieRequest::standard}},
        Case{drop_every_other,
             "",
             {CookieRequest::standard, {}, CookieRequest::standard, {}, CookieRequest::standard, {}}},
        Case{"", "net.ipv4.tcp_fastopen: 0", {{}, {}, {}}}}) {
    INFO(c.rules << c.sysctls);
    const auto ran =
        run_program({.hypervisor_rules = c.rules, .vm_sysctls = c.sysctls}, [](Posix& os) -> Task<int> {
          for (int i = 0; i < 3; ++i) {
            const int fd = co_await open(os, Transport::tcp);
            co_await os.setsockopt(fd, posix::Syscall::Option::fastopen_connect);
            co_await os.connect(fd, first_server);
            posix::PollFd ready{.fd = fd, .events = POLLOUT};
            co_await os.poll({&ready, 1}, {});
            co_await os.close(fd);
          }
          co_return 0;
        });
    Requests requests;
    for (const auto& packet : ran.packets) {
      const auto segment = kernel::decode_tcp(std::span(packet.bytes).subspan(20));
      if (packet.direction == Direction::out && segment && segment->syn)
        requests.push_back(segment->cookie_request);
    }
    CHECK(requests == c.requests);
  }
}

TEST_CASE("Work takes its processor time and the host's cost of its calls, and strace shows none of it",
          "[sim]") {
  const auto ran = run_program({}, [](Posix& os) -> Task<int> {
    co_await os.work(2ms, 100);
    co_return 0;
  });
  CHECK(ran.duration == 2500us);  // 5 us a call
  CHECK(ran.strace.empty());
}

TEST_CASE("TCP_MAXSEG keeps the server's segments below what a firewall drops", "[sim]") {
  const std::string longer = "iptables -A OUTPUT -p tcp --sport 53 -m length --length 753: -j DROP";
  const auto question = dns::framed(dns::encode_query(1, {.name = "me.mydomain.net"}));
  for (const int limit : {0, 712, 713}) {  // the IPv4 and TCP headers add 40 octets
    INFO(limit);
    std::int64_t answered = -1;
    const auto ran = run_program({.hypervisor_rules = longer}, [&](Posix& os) -> Task<int> {
      posix::PollFd ready{.fd = co_await open(os, Transport::tcp), .events = POLLOUT};
      if (limit != 0) co_await os.setsockopt(ready.fd, posix::Syscall::Option::maxseg, limit);
      co_await os.connect(ready.fd, first_server);
      co_await os.poll({&ready, 1}, {});
      co_await os.write(ready.fd, question);
      ready.events = POLLIN;
      answered = (co_await os.poll({&ready, 1}, 1s)).value;
      co_return 0;
    });
    CHECK(answered == (limit == 712 ? 1 : 0));
    CHECK((ran.strace.find("setsockopt(3, SOL_TCP, TCP_MAXSEG, [712], 4) = 0") != std::string::npos) ==
          (limit == 712));
  }
}

TEST_CASE("poll() of two sockets says which is ready, and of none it sleeps", "[sim]") {
  std::array<posix::PollFd, 2> ready{};
  std::int64_t count = -1;
  const auto ran = run_program({.hypervisor_rules = udp_to_first + "DROP"}, [&](Posix& os) -> Task<int> {
    co_await os.poll({}, 100ms);
    for (auto& entry : ready) entry = {.fd = co_await open(os, Transport::udp), .events = POLLIN};
    co_await os.sendto(ready[0].fd, query(1), first_server);
    co_await os.sendto(ready[1].fd, query(2), second_server);
    std::array<posix::PollFd, 3> with_none{posix::PollFd{.fd = -1, .events = POLLIN}, ready[0], ready[1]};
    count = (co_await os.poll(with_none, 5s)).value;
    ready = {with_none[1], with_none[2]};
    co_return 0;
  });
  CHECK(count == 1);
  CHECK(ready[0].revents == 0);
  CHECK(ready[1].revents == POLLIN);
  CHECK(*ran.duration > 100ms);
  CHECK(*ran.duration < 110ms);
}

namespace {

// Asks one server and waits a second for its answer: what it got, 0 for none.
Task<int> ask(Posix& os, Endpoint server) {
  posix::PollFd ready{.fd = co_await open(os, Transport::udp), .events = POLLIN};
  co_await os.connect(ready.fd, server);
  co_await os.send(ready.fd, query(1));
  dns::Bytes answer(512);
  int size = 0;
  if ((co_await os.poll({&ready, 1}, 1s)).value > 0)
    size = static_cast<int>((co_await os.recvfrom(ready.fd, answer)).value);
  co_await os.close(ready.fd);
  co_return size;
}

}  // namespace

TEST_CASE("Two tasks wait for one dead server each at the same time", "[sim]") {
  std::vector<int> sizes;
  const auto ran = run_program({.hypervisor_rules = udp_to_first + "DROP"}, [&](Posix& os) -> Task<int> {
    sizes = co_await posix::all(ask(os, first_server), ask(os, first_server), ask(os, second_server));
    co_return 0;
  });
  CHECK(sizes == std::vector<int>{0, 0, 84});
  CHECK(*ran.duration > 1s);
  CHECK(*ran.duration < 1010ms);
  std::vector<std::string> results;
  for (const Attempt& attempt : ran.attempts) results.push_back(attempt.result);
  CHECK(results == std::vector<std::string>{"timeout", "timeout", "answered"});
}

TEST_CASE("The first task that ends gives up the other in its poll()", "[sim]") {
  int size = 0;
  const auto ran = run_program({.hypervisor_rules = udp_to_first + "DROP"}, [&](Posix& os) -> Task<int> {
    size = co_await posix::first(ask(os, first_server), ask(os, second_server));
    co_await os.poll({}, 2s);  // past the end of the other's wait
    co_return 0;
  });
  CHECK(size == 84);
  CHECK(*ran.duration > 2s);
  CHECK(*ran.duration < 2100ms);
}

TEST_CASE("Whatever waits at the end of observation has no answer", "[sim]") {
  const auto ran = run_program({.hypervisor_rules = tcp_to_first + "DROP"}, [](Posix& os) -> Task<int> {
    const auto forever = [](Posix& kernel, Endpoint server) -> Task<int> {
      posix::PollFd ready{.fd = co_await open(kernel, Transport::udp), .events = POLLIN};
      co_await kernel.sendto(ready.fd, dns::Bytes(5), server);  // too short to be answered
      co_await kernel.poll({&ready, 1}, {});
      co_return 0;
    };
    co_await posix::all(forever(os, first_server), forever(os, second_server));
    co_return 0;
  });
  CHECK(!ran.duration);
  REQUIRE(ran.attempts.size() == 2);
  for (const Attempt& attempt : ran.attempts) {
    CHECK(attempt.result == "no answer");
    CHECK(attempt.end == 60s);
  }
}
