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
  for (const auto& clean : clean_)
    for (const int fd : clean) ::close(fd);
  ::close(epoll_);
}

Descriptor* SocketTable::find(int fd) {
  const auto number = static_cast<std::size_t>(fd);
  if (fd < 0 || number >= descriptors_.size()) return nullptr;
  return &descriptors_[number];
}

int SocketTable::take_kept(IpVersion version) {
  auto& kept = clean(version);
  if (kept.empty() || (keep_ports_ && kept.size() < ports_between)) return -1;
  const int fd = keep_ports_ ? kept.front() : kept.back();
  if (keep_ports_)
    kept.pop_front();
  else
    kept.pop_back();
  return fd;
}

int SocketTable::open(Program& program, Transport transport, IpVersion version, bool nonblocking) {
  int fd = transport == Transport::udp ? take_kept(version) : -1;
  if (fd < 0) {
    const int type = transport == Transport::udp ? SOCK_DGRAM : SOCK_STREAM;
    const int family = version == IpVersion::v4 ? AF_INET : AF_INET6;
    fd = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    if (static_cast<std::size_t>(fd) >= descriptors_.size())
      descriptors_.resize(static_cast<std::size_t>(fd) + 1);
  }
  Descriptor& descriptor = *find(fd);
  descriptor.program = &program;
  descriptor.transport = transport;
  descriptor.version = version;
  descriptor.nonblocking = nonblocking;
  return fd;
}

void SocketTable::close(int fd) {
  Descriptor& descriptor = *find(fd);
  const bool keep = descriptor.transport == Transport::udp && descriptor.plain &&
                    !descriptor.holds_datagram && kept() < most_kept;
  if (!keep || (!keep_ports_ && !take_port(fd))) return forget(fd);
  if (!keep_ports_) {
    descriptor.reached.reset();
    descriptor.has_port = false;
  }
  if (descriptor.registered != EPOLLIN) watch(fd, EPOLLIN);
  descriptor.program = nullptr;
  descriptor.options = {};
  descriptor.used = descriptor.named = descriptor.connected = false;
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
  const auto kept = std::erase(waiting_, fd) + std::erase(clean(find(fd)->version), fd);
  if (kept > 0) forget(fd);
}

void SocketTable::all_quiet() {
  for (const int fd : waiting_) clean(find(fd)->version).push_back(fd);
  waiting_.clear();
}

}  // namespace hanglab::sockets
