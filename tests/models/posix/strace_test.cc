// The lines are those of strace 6.1 for the same calls, but for lengths of names that the lab leaves out.
#include <catch2/catch.hpp>

#include <poll.h>

#include <cerrno>

#include "models/posix/strace.hh"

using namespace hanglab;
using posix::Syscall;

namespace {

constexpr Endpoint server{Ipv4Address{0xc0a87a01}, 53};
constexpr std::array<std::uint8_t, 4> abcd{'a', 'b', 'c', 'd'};

std::string line(Syscall call) {
  call.returned = call.entered + std::chrono::microseconds(35);
  posix::Strace strace(7);
  strace.returned(call);
  return strace.take();
}

}  // namespace

TEST_CASE("A datagram's address is printed where the call has one", "[posix]") {
  CHECK(line({.kind = Syscall::Kind::sendto,
              .fd = 3,
              .address = server,
              .output = {abcd},
              .result = {.value = 4}}) ==
        "7     sendto(3, \"abcd\", 4, MSG_NOSIGNAL, {sa_family=AF_INET, sin_port=htons(53), "
        "sin_addr=inet_addr(\"192.168.122.1\")}, 16) = 4 <0.000035>\n");
  CHECK(line({.kind = Syscall::Kind::send, .fd = 3, .output = {abcd}, .result = {.value = 4}}) ==
        "7     sendto(3, \"abcd\", 4, MSG_NOSIGNAL, NULL, 0) = 4 <0.000035>\n");
}

TEST_CASE("SO_ERROR is printed by its name, and the call succeeds", "[posix]") {
  CHECK(line({.kind = Syscall::Kind::so_error, .fd = 3, .result = {.value = ECONNREFUSED}}) ==
        "7     getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0 <0.000035>\n");
  CHECK(line({.kind = Syscall::Kind::so_error, .fd = 3, .result = {.value = 0}}) ==
        "7     getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0 <0.000035>\n");
}

TEST_CASE("poll() prints what is watched and what is ready of several", "[posix]") {
  std::array<posix::PollFd, 2> polled{posix::PollFd{.fd = 3, .events = POLLIN},
                                      posix::PollFd{.fd = 4, .events = POLLOUT, .revents = POLLOUT}};
  CHECK(line({.kind = Syscall::Kind::poll,
              .fd = 3,
              .polled = polled,
              .timeout = std::chrono::milliseconds(2500),
              .result = {.value = 1}}) ==
        "7     poll([{fd=3, events=POLLIN}, {fd=4, events=POLLOUT}], 2, 2500) = 1 "
        "([{fd=4, revents=POLLOUT}]) <0.000035>\n");
}

TEST_CASE("poll() passes over descriptor -1", "[posix]") {
  std::array<posix::PollFd, 2> polled{posix::PollFd{.fd = -1}, posix::PollFd{.fd = 3, .events = POLLIN}};
  CHECK(line({.kind = Syscall::Kind::poll, .fd = -1, .polled = polled, .result = {.value = 0}}) ==
        "7     poll([{fd=-1}, {fd=3, events=POLLIN}], 2, -1) = 0 (Timeout) <0.000035>\n");
}

TEST_CASE("What a stream's recvfrom() gets has no address", "[posix]") {
  std::array<std::uint8_t, 2> buffer{0, 33};
  CHECK(line({.kind = Syscall::Kind::recvfrom, .fd = 3, .input = buffer, .result = {.value = 2}}) ==
        "7     recvfrom(3, \"\\0!\", 2, 0, NULL, NULL) = 2 <0.000035>\n");
  CHECK(line({.kind = Syscall::Kind::recvfrom, .fd = 3, .input = buffer, .result = posix::failure(EAGAIN)}) ==
        "7     recvfrom(3, 0x7ffd0000, 2, 0, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable) "
        "<0.000035>\n");
}
