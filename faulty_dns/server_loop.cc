#include "faulty_dns/server_loop.hh"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <memory>

#include "core/big_endian.hh"
#include "core/error.hh"

namespace hanglab::faulty_dns {

namespace {

constexpr std::uint16_t dns_port = 53;

TimePoint now() { return TimePoint(std::chrono::steady_clock::now().time_since_epoch()); }

// As bind(2) takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  explicit SocketAddress(const IpAddress& address) {
    if (is_ipv6(address)) {
      sockaddr_in6 at{};
      at.sin6_family = AF_INET6;
      at.sin6_port = htons(dns_port);
      std::memcpy(&at.sin6_addr, ipv6_of(address).bytes.data(), sizeof at.sin6_addr);
      std::memcpy(&storage, &at, size = sizeof at);
    } else {
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_port = htons(dns_port);
      at.sin_addr.s_addr = htonl(ipv4_of(address).value);
      std::memcpy(&storage, &at, size = sizeof at);
    }
  }
};

int open_socket(int type, const IpAddress& address, int backlog) {
  const SocketAddress at(address);
  const int fd = socket(at.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, reinterpret_cast<const sockaddr*>(&at.storage), at.size) != 0 ||
      (type == SOCK_STREAM && listen(fd, backlog) != 0))
    throw Error("port 53 of " + to_string(address) + ": " + std::strerror(errno));
  return fd;
}

struct Connection {
  std::unique_ptr<servers::TcpSession> session;
  dns::Bytes input{};
};

class Loop {
 public:
  Loop(servers::DnsServer& server, const std::vector<IpAddress>& addresses) : server_(server) {
    for (const IpAddress& address : addresses) {
      udp_.push_back(open_socket(SOCK_DGRAM, address, 0));
      listeners_.push_back(open_socket(SOCK_STREAM, address, server.tcp().backlog));
    }
  }

  void turn() {
    std::vector<pollfd> fds;
    for (const auto* sockets : {&udp_, &listeners_})
      for (const int fd : *sockets) fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    for (const auto& [fd, connection] : connections_)
      fds.push_back({.fd = fd, .events = POLLIN, .revents = 0});
    const auto ready = wait(fds);
    for (std::size_t i = 0; ready > 0 && i < fds.size(); ++i) {
      if (fds[i].revents == 0) continue;
      if (i < udp_.size())
        datagram(fds[i].fd);
      else if (i < udp_.size() + listeners_.size())
        accept(fds[i].fd);
      else
        readable(fds[i].fd);
    }
    while (!due_.empty() && due_.begin()->first <= now()) {
      const auto act = std::move(due_.begin()->second.act);
      due_.erase(due_.begin());
      act();
    }
  }

 private:
  struct Due {
    int connection;  // -1: of none
    std::function<void()> act;
  };

  int wait(std::vector<pollfd>& fds) const {
    if (due_.empty()) return poll(fds.data(), fds.size(), -1);
    const auto left = std::max(due_.begin()->first - now(), Duration(0));
    const timespec time{.tv_sec = left / std::chrono::seconds(1),
                        .tv_nsec = (left % std::chrono::seconds(1)).count()};
    return ppoll(fds.data(), fds.size(), &time, nullptr);
  }

  void at_once_or_later(Duration delay, int connection, std::function<void()> act) {
    if (delay > Duration(0))
      due_.emplace(now() + delay, Due{.connection = connection, .act = std::move(act)});
    else
      act();
  }

  void datagram(int fd) {
    dns::Bytes query(65535);
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const auto length =
        recvfrom(fd, query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (length < 0) return;  // an ICMP error for an earlier answer
    query.resize(static_cast<std::size_t>(length));
    auto answer = server_.answer(query, now());
    if (answer.message.empty()) return;
    at_once_or_later(answer.delay, -1, [fd, from, size, message = std::move(answer.message)] {
      // Whether it can be sent is the network's affair, as its loss would be.
      sendto(fd, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&from), size);
    });
  }

  void accept(int listener) {
    const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;  // it was reset meanwhile
    if (server_.tcp().refusal == servers::TcpRefusal::close_at_once)
      close(fd);
    else
      connections_.emplace(fd, Connection{.session = server_.accept()});
  }

  void readable(int fd) {
    if (server_.tcp().refusal == servers::TcpRefusal::reset) return end(fd);
    std::array<std::uint8_t, 65537> chunk{};
    const auto length = read(fd, chunk.data(), chunk.size());
    if (length <= 0) return end(fd);
    auto& input = connections_.at(fd).input;
    input.insert(input.end(), chunk.begin(), chunk.begin() + length);
    answer_all(fd);
  }

  void answer_all(int fd) {
    for (auto it = connections_.find(fd); it != connections_.end(); it = connections_.find(fd)) {
      auto& input = it->second.input;
      if (input.size() < 2) return;
      const std::size_t end_of_message = 2 + get_u16(input);
      if (input.size() < end_of_message) return;
      auto answer = it->second.session->answer(dns::ByteView(input).subspan(2, end_of_message - 2), now());
      input.erase(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(end_of_message));
      const Duration delay = answer.delay;
      at_once_or_later(delay, fd, [this, fd, answer = std::move(answer)] { send(fd, answer); });
    }
  }

  void send(int fd, const servers::Answer& answer) {
    const auto octets = answer.raw || answer.message.empty() ? answer.message : dns::framed(answer.message);
    // A message of DNS fits into an empty send buffer; a client that does not read is cut off.
    const auto sent = ::send(fd, octets.data(), octets.size(), MSG_NOSIGNAL);
    if (answer.close || sent != static_cast<ssize_t>(octets.size())) end(fd);
  }

  void end(int fd) {
    std::erase_if(due_, [fd](const auto& due) { return due.second.connection == fd; });
    connections_.erase(fd);
    close(fd);
  }

  servers::DnsServer& server_;
  std::vector<int> udp_;
  std::vector<int> listeners_;
  std::map<int, Connection> connections_;
  std::multimap<TimePoint, Due> due_;
};

}  // namespace

void serve(servers::DnsServer& server, const std::vector<IpAddress>& addresses) {
  Loop loop(server, addresses);
  for (;;) loop.turn();
}

}  // namespace hanglab::faulty_dns
