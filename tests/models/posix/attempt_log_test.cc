// Attempts from calls alone. Times are in milliseconds since the lookup began.
#include <catch2/catch.hpp>

#include <poll.h>

#include <cerrno>

#include "core/dns.hh"
#include "models/posix/attempt_log.hh"

using namespace hanglab;
using posix::Syscall;
using Kind = Syscall::Kind;

namespace {

constexpr Endpoint first_server{Ipv4Address{0xc0a87a01}, 53};
constexpr Endpoint second_server{Ipv4Address{0xc0a87a02}, 53};

TimePoint at(int ms) { return TimePoint(std::chrono::milliseconds(ms)); }

dns::Bytes answer(std::uint16_t flags) {
  dns::Bytes message = dns::encode_query(1, {.name = "small.mydomain.net"});
  message[2] = static_cast<std::uint8_t>((dns::flag_qr | flags) >> 8);
  message[3] = static_cast<std::uint8_t>(flags);
  return message;
}

// A program's calls, as they return to it.
class Calls {
 public:
  Calls& socket(int fd, Transport transport) {
    return add({.kind = Kind::socket, .transport = transport, .result = {.value = fd}}, 0);
  }
  Calls& send_to(int ms, int fd, Endpoint server) {
    return add({.kind = Kind::sendto, .fd = fd, .address = server}, ms);
  }
  Calls& receive(int ms, int fd, Endpoint from, dns::Bytes message) {
    return add({.kind = Kind::recvfrom,
                .fd = fd,
                .address = from,
                .input = message,
                .result = {.value = static_cast<std::int64_t>(message.size())}},
               ms);
  }
  Calls& failed(int ms, Kind kind, int fd, int error, Endpoint address = {}) {
    return add({.kind = kind, .fd = fd, .address = address, .result = posix::failure(error)}, ms);
  }
  Calls& poll_in_vain(int ms, std::vector<posix::PollFd> polled) {
    return add({.kind = Kind::poll,
                .fd = polled[0].fd,
                .polled = polled,
                .timeout = std::chrono::seconds(1),
                .result = {.value = 0}},
               ms);
  }
  Calls& close(int ms, int fd) { return add({.kind = Kind::close, .fd = fd}, ms); }
  Calls& add(Syscall call, int ms) {
    call.entered = call.returned = at(ms);
    log_.returned(call);
    return *this;
  }

  // "udp 192.168.122.1 timeout 0-1000"
  std::vector<std::string> attempts() {
    const auto ms = [](Duration time) {
      return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
    };
    std::vector<std::string> words;
    for (const Attempt& a : log_.take())
      words.push_back(std::string(to_string(a.transport)) + ' ' + to_string(a.server.address) + ' ' +
                      a.result + ' ' + ms(a.start) + '-' + ms(a.end));
    return words;
  }

 private:
  posix::AttemptLog log_{at(0)};
};

using Words = std::vector<std::string>;

}  // namespace

TEST_CASE("One socket that asks two servers has an attempt with each", "[posix]") {
  Calls calls;
  calls.socket(3, Transport::udp)
      .send_to(1, 3, first_server)
      .send_to(2, 3, second_server)
      .send_to(3, 3, first_server)
      .receive(5, 3, second_server, answer(0))
      .close(6, 3);
  CHECK(calls.attempts() == Words{"udp 192.168.122.1 no answer 1-6", "udp 192.168.122.2 answered 2-5"});
}

TEST_CASE("A poll() in vain times out the sockets that it watched; a further query is a new attempt",
          "[posix]") {
  Calls calls;
  calls.socket(3, Transport::udp)
      .socket(4, Transport::udp)
      .socket(5, Transport::udp)
      .send_to(1, 3, first_server)
      .send_to(1, 4, second_server)
      .send_to(1, 5, second_server)
      .poll_in_vain(1001, {{.fd = 3, .events = POLLIN}, {.fd = 4, .events = POLLIN}, {.fd = 5, .events = 0}})
      .send_to(1002, 3, first_server)
      .receive(1004, 3, first_server, answer(0))
      .close(1005, 3)
      .close(1006, 4)
      .close(1007, 5);
  CHECK(calls.attempts() == Words{"udp 192.168.122.1 timeout 1-1001", "udp 192.168.122.2 timeout 1-1001",
                                  "udp 192.168.122.2 no answer 1-1007",
                                  "udp 192.168.122.1 answered 1002-1004"});
}

TEST_CASE("A truncated answer stays one, whatever the other query got", "[posix]") {
  Calls calls;
  calls.socket(3, Transport::udp)
      .send_to(1, 3, first_server)
      .send_to(1, 3, first_server)
      .receive(2, 3, first_server, answer(dns::flag_tc))
      .receive(3, 3, first_server, answer(0))
      .failed(4, Kind::recvfrom, 3, EAGAIN)
      .poll_in_vain(1004, {{.fd = 3, .events = POLLIN}})
      .close(1005, 3);
  CHECK(calls.attempts() == Words{"udp 192.168.122.1 truncated 1-3"});
}

TEST_CASE("A stream that is closed after the beginning of a message was answered with the whole", "[posix]") {
  dns::Bytes beginning = dns::framed(answer(0));
  beginning[0] = 16;  // announces 4,096 bytes and a few
  Calls calls;
  calls.socket(3, Transport::tcp)
      .failed(1, Kind::connect, 3, EINPROGRESS, first_server)
      .receive(2, 3, {}, beginning)
      .close(3, 3);
  CHECK(calls.attempts() == Words{"tcp 192.168.122.1 answered 1-3"});
}

TEST_CASE("How a connect() that goes on alone ended is told by SO_ERROR or by the next call", "[posix]") {
  Calls asked;
  asked.socket(3, Transport::tcp)
      .failed(1, Kind::connect, 3, EINPROGRESS, first_server)
      .add({.kind = Kind::so_error, .fd = 3, .result = {.value = ECONNREFUSED}}, 2)
      .close(3, 3);
  CHECK(asked.attempts() == Words{"tcp 192.168.122.1 connect ECONNREFUSED 1-2"});

  Calls wrote;
  wrote.socket(3, Transport::tcp)
      .failed(1, Kind::sendmsg, 3, EINPROGRESS, first_server)
      .failed(2, Kind::sendmsg, 3, ETIMEDOUT)
      .close(3, 3);
  CHECK(wrote.attempts() == Words{"tcp 192.168.122.1 connect ETIMEDOUT 1-2"});

  Calls connected;
  connected.socket(3, Transport::tcp)
      .failed(1, Kind::connect, 3, EINPROGRESS, first_server)
      .add({.kind = Kind::so_error, .fd = 3, .result = {.value = 0}}, 2)
      .failed(3, Kind::read, 3, ECONNRESET);
  CHECK(connected.attempts() == Words{"tcp 192.168.122.1 read ECONNRESET 1-3"});
}
