#include "sockets/program.hh"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "models/linux/poll_timeout.hh"
#include "sockets/socket_address.hh"

namespace hanglab::sockets {

namespace {

using posix::failure;
using posix::Syscall;
using Option = Syscall::Option;

static_assert(POLLIN == EPOLLIN && POLLOUT == EPOLLOUT && POLLERR == EPOLLERR && POLLHUP == EPOLLHUP);

// What an IPv6 socket calls ::ffff:192.168.122.1 is reached over IPv4.
IpAddress below(const IpAddress& address) {
  if (is_ipv6(address))
    if (const auto v4 = mapped_v4(ipv6_of(address))) return *v4;
  return address;
}

// An address as a socket of that version has it.
IpAddress above(IpVersion version, const IpAddress& address) {
  if (version == IpVersion::v4 || is_ipv6(address)) return address;
  return v4_mapped(ipv4_of(address));
}

bool fits(const Descriptor& descriptor, const IpAddress& address) {
  return descriptor.version == IpVersion::v6 || !is_ipv6(address);
}

IpAddress any_address(IpVersion version) {
  return version == IpVersion::v4 ? IpAddress(Ipv4Address{}) : IpAddress(Ipv6Address{});
}

int set(int fd, int level, int name, int value) {
  return setsockopt(fd, level, name, &value, sizeof value) == 0 ? 0 : errno;
}

int tell(int fd, Descriptor& descriptor) {
  const DatagramOptions& now = descriptor.options;
  const DatagramOptions& before = descriptor.told;
  int error = 0;
  const bool v6 = descriptor.version == IpVersion::v6;
  const int level = v6 ? IPPROTO_IPV6 : IPPROTO_IP;
  if (now.recverr != before.recverr) error = set(fd, level, v6 ? IPV6_RECVERR : IP_RECVERR, now.recverr);
  if (error == 0 && now.broadcast != before.broadcast)
    error = set(fd, SOL_SOCKET, SO_BROADCAST, now.broadcast);
  if (error == 0 && now.mtu_discover != before.mtu_discover)
    error = set(fd, level, v6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, now.mtu_discover);
  if (error == 0) descriptor.told = now;
  return error;
}

int bind_to(int fd, const Endpoint& local) {
  const SocketAddress address(local);
  if (::bind(fd, address.get(), address.size()) == 0) return 0;
  // An address of a local route is no interface's: IPv4 may be bound to it anyhow.
  if (errno != EADDRNOTAVAIL || !is_ipv6(local.address)) return errno;
  if (const int error = set(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1)) return error;
  return ::bind(fd, address.get(), address.size()) == 0 ? 0 : errno;
}

int pending_error(int fd) {
  int error = 0;
  socklen_t size = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

iovec piece(posix::ByteView bytes) {
  return {.iov_base = const_cast<std::uint8_t*>(bytes.data()), .iov_len = bytes.size()};
}

bool concerns(const Syscall& call, int fd) {
  if (call.kind != Syscall::Kind::poll) return call.fd == fd;
  return std::ranges::any_of(call.polled, [fd](const posix::PollFd& polled) { return polled.fd == fd; });
}

// What a call that waits wants to hear of a descriptor.
std::uint32_t wanted_events(const Syscall& call, int fd) {
  using Kind = Syscall::Kind;
  switch (call.kind) {
    case Kind::poll: {
      std::uint32_t events = 0;
      for (const posix::PollFd& polled : call.polled)
        if (polled.fd == fd) events |= static_cast<std::uint32_t>(polled.events) & (EPOLLIN | EPOLLOUT);
      return events != 0 ? events : EPOLLPRI;  // POLLERR and POLLHUP come unasked
    }
    case Kind::recvfrom:
    case Kind::recvmsg:
    case Kind::read: return EPOLLIN;
    default: return EPOLLOUT;
  }
}

}  // namespace

Program::Program(EventLoop& loop, Owner& owner, Settings settings, Random random,
                 std::vector<posix::SyscallObserver*> observers)
    : loop_(loop), owner_(owner), settings_(settings), random_(random), observers_(std::move(observers)) {}

Program::~Program() {
  if (connecting_ > 0) loop_.stop_counting(*this);
  for (const int fd : open_) loop_.sockets().close(fd);
}

void Program::interrupt() {
  count_syns();
  for (const WaitingCall& waiting : waiting_)
    for (auto* observer : observers_) observer->unfinished(*waiting.call, now());
}

// --- a call's life: enter, perhaps wait, return

void Program::enter(Syscall& call) {
  call.entered = now();
  if (const auto result = attempt(call)) {
    call.result = *result;
    return loop_.returned(*this, call);
  }
  WaitingCall& waiting = waiting_.emplace_back();
  waiting.call = &call;
  waiting.program = this;
  if (call.kind != Kind::poll) return watch(call.fd);
  if (call.timeout)
    loop_.set_timer(waiting, call.entered + *call.timeout + kernel::poll_slack(*call.timeout));
  for (const posix::PollFd& polled : call.polled)
    if (polled.fd >= 0) watch(polled.fd);
}

void Program::abandon(Syscall& call) {
  const auto it = std::ranges::find(waiting_, &call, &WaitingCall::call);
  if (it == waiting_.end()) return loop_.forget(call);
  waiting_.erase(it);
}

void Program::go_on(Syscall& call) {
  call.returned = now();
  if (call.kind != Kind::work)
    for (auto* observer : observers_) observer->returned(call);
  call.program.resume();
  owner_.went_on();
}

void Program::socket_changed(int fd, std::uint32_t events) {
  bool heard = false;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    const auto result = concerns(*it->call, fd) ? attempt_again(*it, events) : std::nullopt;
    if (!result) {
      ++it;
      continue;
    }
    it->call->result = *result;
    loop_.returned(*this, *it->call);
    it = waiting_.erase(it);
    heard = true;
  }
  if (!heard) watch(fd);
}

void Program::timed_out(WaitingCall& waiting) {
  for (posix::PollFd& polled : waiting.call->polled) polled.revents = 0;
  waiting.call->result = {.value = 0};
  loop_.returned(*this, *waiting.call);
  waiting_.erase(std::ranges::find(waiting_, waiting.call, &WaitingCall::call));
}

void Program::watch(int fd) {
  std::uint32_t events = 0;
  for (const WaitingCall& waiting : waiting_)
    if (concerns(*waiting.call, fd)) events |= wanted_events(*waiting.call, fd);
  loop_.sockets().watch(fd, events);
}

Program::MaybeResult Program::attempt(Syscall& call) {
  if (call.kind == Kind::work) return Result{};
  if (call.kind == Kind::socket) return open_socket(call);
  if (call.kind == Kind::poll) return poll(call);
  if (std::ranges::find(open_, call.fd) == open_.end()) return failure(EBADF);
  Descriptor& descriptor = *loop_.sockets().find(call.fd);
  const bool datagrams = descriptor.transport == Transport::udp;
  std::size_t written = 0;
  switch (call.kind) {
    case Kind::setsockopt: return set_option(descriptor, call);
    case Kind::bind: return bind(descriptor, call.fd);
    case Kind::connect: return connect(descriptor, call);
    case Kind::disconnect: return disconnect(descriptor, call.fd);
    case Kind::getsockname: return getsockname(call);
    case Kind::so_error: return take_error(descriptor, call.fd);
    case Kind::send:
    case Kind::sendto:
    case Kind::sendmsg:
    case Kind::sendmmsg:
    case Kind::write:
    case Kind::writev:
      if (datagrams) return send(descriptor, call);
      return call.address.port != 0 ? open_fast(descriptor, call) : write(descriptor, call, written);
    case Kind::recvfrom:
    case Kind::recvmsg:
    case Kind::read: return receive(descriptor, call);
    case Kind::fionread: return size_of_next(descriptor, call.fd);
    case Kind::close:
      if (descriptor.connecting) ended_to_connect(descriptor, call.fd);
      std::erase(open_, call.fd);
      loop_.sockets().close(call.fd);
      return Result{};
    default: return failure(ENOSYS);
  }
}

// Of a call that waited for a descriptor, now that epoll has told these events of it.
Program::MaybeResult Program::attempt_again(WaitingCall& waiting, std::uint32_t events) {
  Syscall& call = *waiting.call;
  if (call.kind == Kind::poll) {
    if (call.polled.size() > 1) {
      const Result result = poll_now(call);
      return result.value != 0 ? MaybeResult(result) : std::nullopt;
    }
    posix::PollFd& polled = call.polled[0];
    polled.revents = static_cast<short>(static_cast<int>(events) & (polled.events | POLLERR | POLLHUP));
    return polled.revents != 0 ? MaybeResult(Result{.value = 1}) : std::nullopt;
  }
  Descriptor& descriptor = *loop_.sockets().find(call.fd);
  if (descriptor.connecting && !descriptor.nonblocking) {
    const int error = pending_error(call.fd);
    ended_to_connect(descriptor, call.fd);
    descriptor.connected = error == 0;
    if (error != 0) return failed(descriptor, error);
    if (call.kind == Kind::connect) return Result{};
  }
  if (descriptor.transport == Transport::tcp && call.output[0].data() != nullptr)
    return write(descriptor, call, waiting.written);
  return attempt(call);
}

// --- sockets

Program::Result Program::open_socket(const Syscall& call) {
  const int fd = loop_.sockets().open(*this, call.transport, call.version, call.nonblocking);
  if (fd < 0) return failure(errno);
  open_.push_back(fd);
  return {.value = fd};
}

// After a failed call a socket is not as new any more.
Program::Result Program::failed(Descriptor& descriptor, int error) const {
  if (error != EAGAIN && error != EINPROGRESS) descriptor.plain = false;
  return failure(error);
}

Program::Result Program::set_option(Descriptor& descriptor, const Syscall& call) {
  int error = 0;
  const bool datagrams = descriptor.transport == Transport::udp;
  switch (call.option) {
    case Option::recverr:
      if (datagrams) descriptor.options.recverr = call.number;
      break;
    case Option::mtu_discover:
      if (datagrams) descriptor.options.mtu_discover = call.number;
      break;
    case Option::broadcast:
      if (datagrams) descriptor.options.broadcast = call.number;
      break;
    case Option::nodelay: error = set(call.fd, IPPROTO_TCP, TCP_NODELAY, call.number); break;
    case Option::fastopen_connect:
      error = set(call.fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, call.number);
      break;
    case Option::maxseg: error = set(call.fd, IPPROTO_TCP, TCP_MAXSEG, call.number); break;
    case Option::syncnt: error = set(call.fd, IPPROTO_TCP, TCP_SYNCNT, call.number); break;
    case Option::v6only: error = set_v6only(descriptor, call); break;
  }
  return error == 0 ? Result{} : failure(error);
}

int Program::set_v6only(Descriptor& descriptor, const Syscall& call) {
  if (descriptor.version == IpVersion::v4) return ENOPROTOOPT;
  if (descriptor.named) return EINVAL;
  if (descriptor.v6only == call.number) return 0;
  descriptor.v6only = call.number;
  descriptor.plain = false;
  if (descriptor.reached || descriptor.has_port) disconnect(descriptor, call.fd);  // those of one before it
  return set(call.fd, IPPROTO_IPV6, IPV6_V6ONLY, call.number);
}

int Program::prepare(Descriptor& descriptor, int fd, const IpAddress& to) {
  descriptor.named = true;
  if (descriptor.options != descriptor.told)
    if (const int error = tell(fd, descriptor)) return error;
  if (!settings_.source && !descriptor.bound) return 0;
  std::optional<IpAddress> source;
  if (settings_.source && version_of(*settings_.source) == version_of(below(to)) &&
      fits(descriptor, *settings_.source))
    source = above(descriptor.version, *settings_.source);
  if (descriptor.bound == source) return 0;
  // Who has a port is bound for good, until it is taken away.
  if (descriptor.reached || descriptor.has_port) disconnect(descriptor, fd);
  // A stream gets its port by connect(), when it is known to whom.
  if (descriptor.transport == Transport::tcp) set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  // An IPv6 address that it was bound to has left it IPv6 alone.
  if (!source && descriptor.version == IpVersion::v6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, descriptor.v6only);
  if (const int error = bind_to(fd, {source.value_or(any_address(descriptor.version)), 0})) return error;
  descriptor.bound = source;
  descriptor.has_port = descriptor.transport == Transport::udp;
  return 0;
}

Program::Result Program::bind(Descriptor& descriptor, int fd) {
  if (const int error = prepare(descriptor, fd, settings_.server.address)) return failed(descriptor, error);
  if (descriptor.bound || descriptor.has_port) return {};
  descriptor.has_port = true;
  const int error = bind_to(fd, {any_address(descriptor.version), 0});
  return error == 0 ? Result{} : failed(descriptor, error);
}

bool Program::is_server(const IpAddress& address) const { return below(address) == settings_.server.address; }

bool Program::may_send_to(const Endpoint& seen) const {
  return (seen.port == settings_.port_seen || seen.port == settings_.server.port) && is_server(seen.address);
}

Endpoint Program::reached_at(const Endpoint& seen) const {
  const bool hidden = seen.port == settings_.port_seen && is_server(seen.address);
  return {seen.address, hidden ? settings_.server.port : seen.port};
}

Endpoint Program::seen_at(const Endpoint& reached) const {
  const bool hidden = reached.port == settings_.server.port && is_server(reached.address);
  return {reached.address, hidden ? settings_.port_seen : reached.port};
}

Program::MaybeResult Program::connect(Descriptor& descriptor, const Syscall& call) {
  if (descriptor.transport == Transport::udp) return connect_datagrams(descriptor, call);
  const Result started = start_connection(descriptor, call);
  if (started.error != EINPROGRESS || descriptor.nonblocking) return started;
  return {};
}

Program::Result Program::connect_datagrams(Descriptor& descriptor, const Syscall& call) {
  if (const int error = prepare(descriptor, call.fd, call.address.address)) return failed(descriptor, error);
  const Endpoint reached = reached_at(call.address);
  if (descriptor.reached != reached) {
    const SocketAddress to(reached);
    if (::connect(call.fd, to.get(), to.size()) != 0) return failed(descriptor, errno);
  }
  descriptor.reached = reached;
  descriptor.peer = call.address;
  descriptor.connected = true;
  return {};
}

Program::Result Program::start_connection(Descriptor& descriptor, const Syscall& call) {
  if (!may_send_to(call.address)) return failure(EACCES);
  if (const int error = prepare(descriptor, call.fd, call.address.address)) return failure(error);
  descriptor.peer = call.address;
  const SocketAddress to(reached_at(call.address));
  if (::connect(call.fd, to.get(), to.size()) == 0) return {};
  if (errno != EINPROGRESS) return failure(errno);
  began_to_connect(descriptor, call.fd);
  return failure(EINPROGRESS);
}

void Program::began_to_connect(Descriptor& descriptor, int fd) {
  descriptor.connecting = true;
  descriptor.syns = 1;
  for (auto* observer : observers_) observer->syn_sent(fd, now());
  if (connecting_++ == 0) loop_.count_syns_of(*this);
}

void Program::ended_to_connect(Descriptor& descriptor, int fd) {
  count_syns(descriptor, fd);
  if (!std::exchange(descriptor.connecting, false)) return;
  if (--connecting_ == 0) loop_.stop_counting(*this);
}

void Program::count_syns() {
  for (const int fd : open_)
    if (Descriptor& descriptor = *loop_.sockets().find(fd); descriptor.connecting) count_syns(descriptor, fd);
}

void Program::count_syns(Descriptor& descriptor, int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return;
  for (; descriptor.syns < 1 + static_cast<int>(info.tcpi_total_retrans); ++descriptor.syns)
    for (auto* observer : observers_) observer->syn_sent(fd, now());
  // A program that need not ask how connect() ended may go on to write: what is then repeated is no SYN.
  if (info.tcpi_state == TCP_SYN_SENT || !descriptor.nonblocking || !descriptor.connecting) return;
  descriptor.connecting = false;
  if (--connecting_ == 0) loop_.stop_counting(*this);
}

Program::Result Program::disconnect(Descriptor& descriptor, int fd) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;
  if (::connect(fd, &nobody, sizeof nobody) != 0) return failed(descriptor, errno);
  descriptor.reached.reset();
  descriptor.has_port = descriptor.connected = false;
  return {};
}

Program::Result Program::getsockname(Syscall& call) const {
  SocketAddress address;
  if (::getsockname(call.fd, address.get(), address.room()) != 0) return failure(errno);
  call.address = address.endpoint();
  return {};
}

Program::Result Program::take_error(Descriptor& descriptor, int fd) {
  const int error = pending_error(fd);
  if (descriptor.connecting) {
    ended_to_connect(descriptor, fd);
    descriptor.connected = error == 0;
  }
  if (error != 0) descriptor.plain = false;
  return {.value = error};
}

// --- poll

Program::MaybeResult Program::poll(Syscall& call) {
  bool at_once = call.timeout == Duration(0);
  for (posix::PollFd& polled : call.polled) {
    polled.revents = 0;
    if (polled.fd < 0) continue;
    const bool open = std::ranges::find(open_, polled.fd) != open_.end();
    const Descriptor* descriptor = open ? loop_.sockets().find(polled.fd) : nullptr;
    // A datagram socket that has not sent takes something and has nothing: the kernel need not be asked.
    const bool as_new = descriptor && descriptor->transport == Transport::udp && !descriptor->used;
    if (as_new && call.polled.size() == 1) {
      polled.revents = static_cast<short>(polled.events & POLLOUT);
      if (polled.revents != 0 || at_once) return Result{.value = polled.revents != 0 ? 1 : 0};
    }
    // What it waits to be told of, epoll tells it even if it is so already.
    if (!descriptor || descriptor->holds_datagram) at_once = true;
    if (descriptor && descriptor->transport == Transport::udp && (polled.events & POLLOUT) != 0)
      at_once = true;
  }
  if (!at_once) return {};
  const Result result = poll_now(call);
  if (result.value != 0 || call.timeout == Duration(0)) return result;
  return {};
}

Program::Result Program::poll_now(Syscall& call) {
  std::vector<pollfd> fds;
  for (const posix::PollFd& polled : call.polled) {
    const bool open = std::ranges::find(open_, polled.fd) != open_.end();
    fds.push_back({.fd = open ? polled.fd : -1, .events = polled.events, .revents = 0});
  }
  if (::poll(fds.data(), fds.size(), 0) < 0) return failure(errno);
  Result result;
  for (std::size_t i = 0; i < fds.size(); ++i) {
    posix::PollFd& polled = call.polled[i];
    polled.revents = fds[i].revents;
    if (polled.fd >= 0 && fds[i].fd < 0) polled.revents = POLLNVAL;
    if (fds[i].fd >= 0 && loop_.sockets().find(polled.fd)->holds_datagram)
      polled.revents = static_cast<short>(polled.revents | (polled.events & POLLIN));
    if (polled.revents != 0) ++result.value;
  }
  return result;
}

// --- sending

Program::MaybeResult Program::send(Descriptor& descriptor, const Syscall& call) {
  const Endpoint to = call.address.port != 0 ? call.address : descriptor.peer;
  if (call.address.port == 0 && !descriptor.connected) return failure(EDESTADDRREQ);
  if (!may_send_to(to)) return failure(EACCES);
  if (const int error = prepare(descriptor, call.fd, to.address)) return failed(descriptor, error);
  descriptor.used = true;
  return send_messages(descriptor, call, to);
}

Program::MaybeResult Program::send_messages(Descriptor& descriptor, const Syscall& call, const Endpoint& to) {
  SocketAddress address;
  sockaddr* receiver = nullptr;
  if (call.address.port != 0) {
    address = SocketAddress(reached_at(to));
    receiver = address.get();
  }
  const socklen_t receiver_size = receiver != nullptr ? address.size() : 0;
  ssize_t sent = 0;
  if (call.kind == Kind::sendmmsg) {
    std::array<iovec, 2> pieces{piece(call.output[0]), piece(call.output[1])};
    std::array<mmsghdr, 2> messages{};
    for (std::size_t i = 0; i < messages.size(); ++i) {
      messages[i].msg_hdr.msg_iov = &pieces[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    sent = ::sendmmsg(call.fd, messages.data(), messages.size(), MSG_NOSIGNAL);
  } else if (call.output[1].empty()) {
    sent = ::sendto(call.fd, call.output[0].data(), call.output[0].size(), MSG_NOSIGNAL, receiver,
                    receiver_size);
  } else {
    std::array<iovec, 2> pieces{piece(call.output[0]), piece(call.output[1])};
    const msghdr message{.msg_name = receiver,
                         .msg_namelen = receiver_size,
                         .msg_iov = pieces.data(),
                         .msg_iovlen = pieces.size(),
                         .msg_control = nullptr,
                         .msg_controllen = 0,
                         .msg_flags = 0};
    sent = ::sendmsg(call.fd, &message, MSG_NOSIGNAL);
  }
  if (sent >= 0) return Result{.value = sent};
  if (errno == EAGAIN && !descriptor.nonblocking) return {};
  return failed(descriptor, errno);
}

Program::MaybeResult Program::write(Descriptor& descriptor, const Syscall& call, std::size_t& written) {
  const std::size_t all = call.output[0].size() + call.output[1].size();
  while (written < all) {
    const posix::ByteView first = call.output[0].subspan(std::min(written, call.output[0].size()));
    const posix::ByteView second = call.output[1].subspan(written - (call.output[0].size() - first.size()));
    std::array<iovec, 2> pieces{piece(first), piece(second)};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = pieces.size();
    const ssize_t sent = ::sendmsg(call.fd, &message, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN && !descriptor.nonblocking) return {};
    if (sent < 0) return written > 0 ? Result{.value = static_cast<std::int64_t>(written)} : failure(errno);
    written += static_cast<std::size_t>(sent);
    if (descriptor.nonblocking) break;
  }
  return Result{.value = static_cast<std::int64_t>(written)};
}

// connect() by the first bytes that are sent.
Program::MaybeResult Program::open_fast(Descriptor& descriptor, const Syscall& call) {
  if (!may_send_to(call.address)) return failure(EACCES);
  if (const int error = prepare(descriptor, call.fd, call.address.address)) return failure(error);
  descriptor.peer = call.address;
  SocketAddress to(reached_at(call.address));
  std::array<iovec, 2> pieces{piece(call.output[0]), piece(call.output[1])};
  msghdr message{};
  message.msg_name = to.get();
  message.msg_namelen = to.size();
  message.msg_iov = pieces.data();
  message.msg_iovlen = pieces.size();
  const ssize_t sent = ::sendmsg(call.fd, &message, MSG_NOSIGNAL | MSG_FASTOPEN);
  if (sent < 0 && errno != EINPROGRESS) return failure(errno);
  began_to_connect(descriptor, call.fd);
  if (sent >= 0) return Result{.value = sent};
  return descriptor.nonblocking ? MaybeResult(failure(EINPROGRESS)) : std::nullopt;
}

// --- receiving

// The size of what comes next, which is taken from the kernel at the same time.
Program::Result Program::size_of_next(Descriptor& descriptor, int fd) {
  if (!descriptor.holds_datagram) {
    const auto buffer = loop_.scratch();
    const Result received = receive_datagram(descriptor, fd, buffer);
    if (!received.ok()) {
      if (received.error != EAGAIN) descriptor.held_error = received.error;
      return {.value = 0};
    }
    descriptor.datagram.assign(buffer.begin(), buffer.begin() + received.value);
    descriptor.datagram_from = received.from;
    descriptor.holds_datagram = true;
  }
  return {.value = static_cast<std::int64_t>(descriptor.datagram.size())};
}

Program::Result Program::receive_datagram(Descriptor& descriptor, int fd,
                                          std::span<std::uint8_t> into) const {
  SocketAddress from;
  const bool connected = descriptor.connected;
  const ssize_t length = ::recvfrom(fd, into.data(), into.size(), MSG_TRUNC, connected ? nullptr : from.get(),
                                    connected ? nullptr : from.room());
  if (length < 0) return failed(descriptor, errno);
  const std::size_t whole = static_cast<std::size_t>(length);
  return {.value = static_cast<std::int64_t>(std::min(whole, into.size())),
          .from = connected ? descriptor.peer : seen_at(from.endpoint()),
          .truncated = whole > into.size()};
}

Program::MaybeResult Program::receive(Descriptor& descriptor, Syscall& call) {
  if (descriptor.transport == Transport::tcp) {
    const ssize_t length = ::recv(call.fd, call.input.data(), call.input.size(), 0);
    if (length >= 0) return Result{.value = length};
    if (errno == EAGAIN && !descriptor.nonblocking) return {};
    const int error = errno;
    if (descriptor.connecting) ended_to_connect(descriptor, call.fd);
    return failure(error);
  }
  if (descriptor.held_error != 0) return failure(std::exchange(descriptor.held_error, 0));
  Result result;
  if (std::exchange(descriptor.holds_datagram, false)) {
    const std::size_t size = std::min(call.input.size(), descriptor.datagram.size());
    std::copy_n(descriptor.datagram.begin(), size, call.input.begin());
    result = {.value = static_cast<std::int64_t>(size),
              .from = descriptor.datagram_from,
              .truncated = size < descriptor.datagram.size()};
  } else {
    result = receive_datagram(descriptor, call.fd, call.input);
    if (!result.ok() && result.error == EAGAIN && !descriptor.nonblocking) return {};
  }
  if (result.ok()) call.address = result.from;
  return result;
}

}  // namespace hanglab::sockets
