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
constexpr std::size_t ports_between = 2000;  // before a kept port is used again

bool take_port(int fd) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  return connect(fd, &nobody, sizeof nobody) == 0;
}

}  // namespace

SocketTable::SocketTable(bool keep_ports) : keep_ports_(keep_ports), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) throw Error(std::string("epoll_create1: ") + std::strerror(errno));
}

SocketTable::~SocketTable() {
  for (const int fd : waiting_) ::close(fd);
  for (const int fd : clean_) ::close(fd);
  ::close(epoll_);
}

Descriptor* SocketTable::find(int fd) {
  const auto number = static_cast<std::size_t>(fd);
  if (fd < 0 || number >= descriptors_.size()) return nullptr;
  return &descriptors_[number];
}

int SocketTable::take_kept() {
  if (clean_.empty() || (keep_ports_ && clean_.size() < ports_between)) return -1;
  const int fd = keep_ports_ ? clean_.front() : clean_.back();
  if (keep_ports_)
    clean_.pop_front();
  else
    clean_.pop_back();
  return fd;
}

int SocketTable::open(Program& program, Transport transport, bool nonblocking) {
  int fd = transport == Transport::udp ? take_kept() : -1;
  if (fd < 0) {
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
                    !descriptor.holds_datagram && waiting_.size() + clean_.size() < most_kept;
  if (!keep || (!keep_ports_ && !take_port(fd))) return forget(fd);
  if (!keep_ports_) {
    descriptor.reached.reset();
    descriptor.has_port = false;
  }
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
  const auto kept = std::erase(waiting_, fd) + std::erase(clean_, fd);
  if (kept > 0) forget(fd);
}

void SocketTable::all_quiet() {
  clean_.insert(clean_.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

}  // namespace hanglab::sockets
