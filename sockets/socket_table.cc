#include "sockets/socket_table.hh"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hh"

namespace hanglab::sockets {

namespace {

constexpr std::size_t most_kept = 4096;

bool take_port(int fd) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  return connect(fd, &nobody, sizeof nobody) == 0;
}

}  // namespace

SocketTable::SocketTable() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw Error(std::string("epoll_create1: ") + std::strerror(errno));
}

SocketTable::~SocketTable() {
  for (const auto* kept : {&waiting_, &clean_})
    for (const int fd : *kept) ::close(fd);
  ::close(epoll_);
}

Descriptor* SocketTable::find(int fd) {
  const auto number = static_cast<std::size_t>(fd);
  if (fd < 0 || number >= descriptors_.size()) return nullptr;
  return &descriptors_[number];
}

int SocketTable::open(Program& program, Transport transport, bool nonblocking) {
  int fd = -1;
  if (transport == Transport::udp && !clean_.empty()) {
    fd = clean_.back();
    clean_.pop_back();
  } else {
    const int type = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
    fd = ::socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (static_cast<std::size_t>(fd) >= descriptors_.size())
      descriptors_.resize(static_cast<std::size_t>(fd) + 1);
  }
  Descriptor& descriptor = *find(fd);
  descriptor.program = &program;
  descriptor.transport = transport;
  descriptor.nonblocking = nonblocking;
  return fd;
}

void SocketTable::close(int fd) {
  Descriptor& descriptor = *find(fd);
  const bool keep = descriptor.transport == Transport::udp && descriptor.plain &&
                    !descriptor.holds_datagram && waiting_.size() + clean_.size() < most_kept &&
                    take_port(fd);
  if (!keep) return forget(fd);
  if (descriptor.registered != EPOLLIN) watch(fd, EPOLLIN);
  descriptor.program = nullptr;
  descriptor.options = {};
  descriptor.used = descriptor.connected = false;
  descriptor.peer = {};
  waiting_.push_back(fd);
}

void SocketTable::forget(int fd) {
  Descriptor& descriptor = *find(fd);
  ::close(fd);
  descriptor = Descriptor{.generation = descriptor.generation + 1};
}

void SocketTable::watch(int fd, std::uint32_t events) {
  Descriptor& descriptor = *find(fd);
  if (descriptor.registered == events) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = static_cast<std::uint64_t>(descriptor.generation) << 32 | static_cast<std::uint32_t>(fd);
  int operation = EPOLL_CTL_MOD;
  if (descriptor.registered == 0) operation = EPOLL_CTL_ADD;
  if (events == 0) operation = EPOLL_CTL_DEL;
  if (epoll_ctl(epoll_, operation, fd, &event) != 0)
    throw Error(std::string("epoll_ctl: ") + std::strerror(errno));
  descriptor.registered = events;
}

void SocketTable::was_not_clean(int fd) {
  for (auto* kept : {&waiting_, &clean_})
    if (const auto at = std::ranges::find(*kept, fd); at != kept->end()) {
      kept->erase(at);
      forget(fd);
      return;
    }
}

void SocketTable::all_quiet() {
  clean_.insert(clean_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

}  // namespace hanglab::sockets
