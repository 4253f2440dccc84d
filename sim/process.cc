#include "sim/process.hh"

#include <netinet/in.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>

#include "models/linux/poll_timeout.hh"

namespace hanglab::sim {

namespace {

using posix::failure;
using posix::Result;
using posix::Syscall;

constexpr int first_free_descriptor = 3;

// connect() holds the socket's lock while the SYN leaves. An ICMP error that is back by then was sent within
// the same system call, as over a veth pair; measured answers took 12 us there, 30 us and more elsewhere.
constexpr Duration connect_lock = std::chrono::microseconds(15);

// How long a stream's connect() takes at least, a SYN+ACK that is back within it included: 45 to 70 us from
// there to its return over a veth pair, kernel 6.18, in 200 calls.
constexpr Duration connect_time = std::chrono::microseconds(60);

}  // namespace

Process::Process(Host& host, Random random, std::vector<posix::SyscallObserver*> observers)
    : host_(host), random_(random), observers_(std::move(observers)) {}

Process::~Process() {
  for (Pending& pending : pending_) pending.event.Cancel();
  for (Descriptor& descriptor : descriptors_)
    if (descriptor.tcp) descriptor.tcp->set_owner(nullptr);
}

void Process::exit() {
  for (Descriptor& descriptor : descriptors_) close(descriptor);
  descriptors_.clear();
}

void Process::interrupt() {
  for (Pending& pending : pending_) {
    pending.event.Cancel();
    if (pending.call->kind == Kind::work) continue;
    for (auto* observer : observers_) observer->unfinished(*pending.call, now());
  }
  pending_.clear();
}

Process::Descriptor* Process::find(int fd) {
  const auto it = std::ranges::find(descriptors_, fd, &Descriptor::fd);
  return it == descriptors_.end() ? nullptr : &*it;
}

// --- a call's life: enter, perhaps wait, return

void Process::enter(Syscall& call) {
  call.entered = now();
  Pending& pending = pending_.emplace_back(Pending{.call = &call});
  const Duration cost = host_.settings().cpu.syscall;
  if (call.kind == Kind::work) return return_after(pending, *call.timeout + call.number * cost);
  pending.busy = true;  // what its own work changes about a socket is no news to the call
  const auto result = attempt(pending);
  pending.busy = false;
  if (result) {
    call.result = *result;
    return return_after(pending, pending.connecting ? std::max(cost, connect_time) : cost);
  }
  if (call.kind == Syscall::Kind::poll && call.timeout)
    pending.event = ns3::Simulator::Schedule(to_ns3(*call.timeout + kernel::poll_slack(*call.timeout)),
                                             &Process::timeout, this, &pending);
}

void Process::abandon(Syscall& call) {
  const auto it = std::ranges::find(pending_, &call, &Pending::call);
  if (it == pending_.end()) return;
  it->event.Cancel();
  pending_.erase(it);
}

void Process::return_after(Pending& pending, Duration cost) {
  pending.event.Cancel();
  pending.busy = true;
  pending.event = ns3::Simulator::Schedule(to_ns3(cost), &Process::complete, this, &pending);
}

void Process::complete(Pending* pending) {
  Syscall& call = *pending->call;
  pending_.erase(std::ranges::find(pending_, &call, &Pending::call));
  call.returned = now();
  if (call.kind != Kind::work)
    for (auto* observer : observers_) observer->returned(call);
  call.program.resume();
}

void Process::timeout(Pending* pending) {
  pending->call->result = {.value = 0};
  return_after(*pending, Duration(0));
}

void Process::socket_changed() {
  for (Pending& pending : pending_) {
    if (pending.busy) continue;
    pending.busy = true;
    const auto result = attempt(pending);
    pending.busy = false;
    if (!result) continue;
    pending.call->result = *result;
    const bool never_slept = pending.connecting && now() < pending.call->entered + connect_lock;
    return_after(pending,
                 never_slept ? pending.call->entered + connect_time - now() : host_.settings().cpu.wakeup);
  }
}

void Process::syn_sent(const void* socket) {
  for (const Descriptor& descriptor : descriptors_)
    if (descriptor.tcp.get() == socket)
      for (auto* observer : observers_) observer->syn_sent(descriptor.fd, now());
}

Process::MaybeResult Process::attempt(Pending& pending) {
  Syscall& call = *pending.call;
  if (call.kind == Kind::socket) return open_socket(call);
  if (call.kind == Kind::poll) return poll(call);
  Descriptor* descriptor = find(call.fd);
  if (!descriptor) return failure(EBADF);
  switch (call.kind) {
    case Kind::setsockopt: return set_option(*descriptor, call);
    case Kind::bind: return bind(*descriptor);
    case Kind::connect: return connect(*descriptor, pending);
    case Kind::disconnect: descriptor->udp->disconnect(); return Result{};
    case Kind::getsockname: call.address = above(*descriptor, local_address(*descriptor)); return Result{};
    case Kind::so_error: return take_error(*descriptor);
    case Kind::send:
    case Kind::sendto:
    case Kind::sendmsg:
    case Kind::sendmmsg:
    case Kind::write:
    case Kind::writev:
      return descriptor->udp ? MaybeResult(send(*descriptor, call)) : write(*descriptor, pending);
    case Kind::recvfrom:
    case Kind::recvmsg:
    case Kind::read: return descriptor->udp ? receive(*descriptor, call) : read(*descriptor, call);
    case Kind::fionread: return Result{.value = static_cast<std::int64_t>(descriptor->udp->next_size())};
    case Kind::close: return close(call.fd);
    default: return failure(ENOSYS);
  }
}

// --- the calls

Result Process::open_socket(const Syscall& call) {
  Descriptor descriptor{.fd = first_free_descriptor,
                        .transport = call.transport,
                        .nonblocking = call.nonblocking,
                        .version = call.version};
  while (find(descriptor.fd)) ++descriptor.fd;
  if (call.transport == Transport::udp) descriptor.udp = std::make_unique<UdpSocket>(host_, *this, true);
  descriptors_.push_back(std::move(descriptor));
  return {.value = descriptors_.back().fd};
}

Result Process::set_option(Descriptor& descriptor, const Syscall& call) {
  if (call.option == Syscall::Option::recverr && descriptor.udp) descriptor.udp->set_recverr();
  if (call.option == Syscall::Option::maxseg) descriptor.maxseg = static_cast<std::uint16_t>(call.number);
  if (call.option == Syscall::Option::syncnt) descriptor.syncnt = call.number;
  const bool bound = descriptor.udp && descriptor.udp->local().port != 0;
  if (call.option == Syscall::Option::v6only && bound) return failure(EINVAL);
  if (call.option == Syscall::Option::mtu_discover && call.number == IP_PMTUDISC_OMIT && descriptor.udp)
    descriptor.udp->let_fragment();
  if (call.option == Syscall::Option::fastopen_connect) {
    if (!host_.fast_open()) return failure(EOPNOTSUPP);
    descriptor.fast_open = true;
  }
  return {};
}

Result Process::bind(Descriptor& descriptor) {
  const int error = descriptor.udp ? descriptor.udp->bind_any() : 0;  // a stream gets its port by connect()
  return error == 0 ? Result{} : failure(error);
}

bool Process::fits(const Descriptor& descriptor, const Endpoint& address) {
  return is_ipv6(address.address) == (descriptor.version == IpVersion::v6);
}

Endpoint Process::below(const Endpoint& address) {
  const auto v4 = is_ipv6(address.address) ? mapped_v4(ipv6_of(address.address)) : std::nullopt;
  return v4 ? Endpoint{*v4, address.port} : address;
}

Endpoint Process::above(const Descriptor& descriptor, const Endpoint& address) {
  if (descriptor.version == IpVersion::v4 || is_ipv6(address.address)) return address;
  return {v4_mapped(ipv4_of(address.address)), address.port};
}

Process::MaybeResult Process::connect(Descriptor& descriptor, Pending& pending) {
  if (!fits(descriptor, pending.call->address)) return failure(EAFNOSUPPORT);
  if (descriptor.udp) {
    const int error = descriptor.udp->connect(below(pending.call->address));
    return error == 0 ? Result{} : failure(error);
  }
  if (pending.connecting) return connect_progress(descriptor);
  const bool failed = descriptor.tcp && descriptor.tcp->socket().state() == kernel::TcpState::closed;
  if (failed) descriptor.tcp->set_owner(nullptr);  // the next attempt is from another port
  if (descriptor.tcp && !failed) return failure(descriptor.tcp->socket().connected() ? EISCONN : EALREADY);
  descriptor.tcp = host_.open_stream(*this, below(pending.call->address));
  if (!descriptor.tcp) return failure(ENETUNREACH);
  pending.connecting = true;
  const auto connection = descriptor.tcp;
  connection->hold_lock_until(now() + connect_lock);
  if (descriptor.maxseg) connection->socket().limit_segment(*descriptor.maxseg);
  if (descriptor.syncnt) connection->socket().limit_syns(*descriptor.syncnt);
  const bool fast_open = descriptor.fast_open || pending.call->kind == Kind::sendmsg;
  if (fast_open) connection->request_cookie();
  connection->socket().connect(now());
  connection->settle();
  if (descriptor.nonblocking) return failure(EINPROGRESS);
  return connect_progress(descriptor);
}

Process::MaybeResult Process::connect_progress(Descriptor& descriptor) {
  auto& socket = descriptor.tcp->socket();
  if (socket.connected()) return Result{};
  if (socket.error() != 0) return failure(socket.take_error());
  return {};
}

Endpoint Process::local_address(const Descriptor& descriptor) {
  if (descriptor.udp) return descriptor.udp->local();
  return descriptor.tcp ? descriptor.tcp->socket().identity().local : Endpoint{};
}

Result Process::take_error(Descriptor& descriptor) {
  if (descriptor.udp) return {.value = descriptor.udp->take_error()};
  return {.value = descriptor.tcp ? descriptor.tcp->socket().take_any_error() : 0};
}

short Process::readiness(Descriptor& descriptor) const {
  int ready = 0;
  if (descriptor.udp) {
    ready |= POLLOUT;
    if (descriptor.udp->readable()) ready |= POLLIN;
    if (descriptor.udp->error() != 0) ready |= POLLERR;
  } else if (descriptor.tcp) {
    auto& socket = descriptor.tcp->socket();
    if (socket.readable() > 0 || socket.end_of_file()) ready |= POLLIN;
    if (socket.connected()) ready |= POLLOUT;
    if (socket.error() != 0) ready |= POLLERR | POLLIN | POLLOUT;
    if (socket.error_queued()) ready |= POLLERR;
    if (socket.state() == kernel::TcpState::closed) ready |= POLLHUP | POLLIN | POLLOUT;
  } else {
    ready |= POLLOUT | POLLHUP;  // a stream that was never connected
  }
  return static_cast<short>(ready);
}

Process::MaybeResult Process::poll(Syscall& call) {
  std::int64_t ready = 0;
  for (posix::PollFd& entry : call.polled) {
    entry.revents = 0;
    if (entry.fd < 0) continue;
    Descriptor* descriptor = find(entry.fd);
    const int mask = entry.events | POLLERR | POLLHUP;
    entry.revents = static_cast<short>(descriptor ? readiness(*descriptor) & mask : POLLNVAL);
    if (entry.revents != 0) ++ready;
  }
  if (ready > 0 || call.timeout == Duration(0)) return Result{.value = ready};
  return {};
}

Result Process::send(Descriptor& descriptor, const Syscall& call) {
  std::int64_t sent = 0;
  const auto to = call.address.port != 0 ? std::optional(below(call.address)) : std::nullopt;
  if (to && !fits(descriptor, call.address)) return failure(EAFNOSUPPORT);
  for (const posix::ByteView message : call.output) {
    if (message.empty()) continue;
    const int error = descriptor.udp->send(message, to);
    if (error != 0) return sent > 0 ? Result{.value = sent} : failure(error);
    sent += call.kind == Syscall::Kind::sendmmsg ? 1 : static_cast<std::int64_t>(message.size());
  }
  return {.value = sent};
}

Process::MaybeResult Process::write(Descriptor& descriptor, Pending& pending) {
  if (!descriptor.tcp && pending.call->address.port == 0) return failure(EPIPE);
  if (!descriptor.tcp) return host_.fast_open() ? connect(descriptor, pending) : failure(EOPNOTSUPP);
  auto& socket = descriptor.tcp->socket();
  if (socket.error() != 0) return failure(socket.take_error());
  if (socket.state() == kernel::TcpState::syn_sent)
    return descriptor.nonblocking ? MaybeResult(failure(EAGAIN)) : std::nullopt;
  if (!socket.connected()) return failure(EPIPE);
  Bytes all;
  for (const posix::ByteView piece : pending.call->output) all.insert(all.end(), piece.begin(), piece.end());
  socket.write(now(), all);
  descriptor.tcp->settle();
  return Result{.value = static_cast<std::int64_t>(all.size())};
}

Process::MaybeResult Process::receive(Descriptor& descriptor, Syscall& call) {
  UdpSocket& socket = *descriptor.udp;
  if (socket.error() != 0) return failure(socket.take_error());
  const auto datagram = socket.next();
  if (!datagram) return descriptor.nonblocking ? MaybeResult(failure(EAGAIN)) : std::nullopt;
  const std::size_t size = std::min(call.input.size(), datagram->payload.size());
  std::copy_n(datagram->payload.begin(), size, call.input.begin());
  call.address = above(descriptor, datagram->from);
  return Result{.value = static_cast<std::int64_t>(size),
                .from = call.address,
                .truncated = size < datagram->payload.size()};
}

Process::MaybeResult Process::read(Descriptor& descriptor, Syscall& call) {
  if (!descriptor.tcp) return failure(ENOTCONN);
  auto& socket = descriptor.tcp->socket();
  if (socket.readable() > 0)
    return Result{.value = static_cast<std::int64_t>(socket.read(now(), call.input))};
  if (socket.end_of_file()) return Result{};  // ahead of any error, as SOCK_DONE is in tcp_recvmsg_locked()
  if (socket.error() != 0) return failure(socket.take_error());
  if (socket.state() == kernel::TcpState::closed) return Result{};
  return descriptor.nonblocking ? MaybeResult(failure(EAGAIN)) : std::nullopt;
}

Result Process::close(int fd) {
  const auto it = std::ranges::find(descriptors_, fd, &Descriptor::fd);
  close(*it);
  descriptors_.erase(it);
  return {};
}

void Process::close(Descriptor& descriptor) {
  const auto connection = descriptor.tcp;
  if (!connection) return;
  connection->set_owner(nullptr);
  connection->socket().close(now());
  connection->settle();
}

}  // namespace hanglab::sim
