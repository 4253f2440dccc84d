#include "sim/process.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace hanglab::sim {

namespace {

using posix::failure;
using posix::Result;
using posix::Syscall;

constexpr int first_free_descriptor = 3;

// connect() holds the socket's lock while the SYN leaves. An ICMP error that is back by then was sent within
// the same system call, as over a veth pair; measured answers took 12 us there, 30 us and more elsewhere.
constexpr Duration connect_lock = std::chrono::microseconds(15);

// How late a poll() may return: 0.1 % of its timeout, between 50 us and 100 ms. An idle machine has
// no reason to wake before (fs/select.c, select_estimate_accuracy).
Duration timer_slack(Duration timeout) {
  using namespace std::chrono_literals;
  return std::clamp<Duration>(timeout / 1000, 50us, 100ms);
}

}  // namespace

Process::Process(Host& host, Random random, std::vector<posix::SyscallObserver*> observers)
    : host_(host), random_(random), observers_(std::move(observers)) {}

Process::~Process() {
  event_.Cancel();
  for (Descriptor& descriptor : descriptors_)
    if (descriptor.tcp) descriptor.tcp->set_owner(nullptr);
}

void Process::interrupt() {
  event_.Cancel();
  if (call_)
    for (auto* observer : observers_) observer->unfinished(*call_, now());
  call_ = nullptr;
}

Process::Descriptor* Process::find(int fd) {
  const auto it = std::ranges::find(descriptors_, fd, &Descriptor::fd);
  return it == descriptors_.end() ? nullptr : &*it;
}

// --- a call's life: enter, perhaps wait, return

void Process::enter(Syscall& call) {
  call.entered = now();
  call_ = &call;
  connecting_ = false;
  busy_ = true;  // what its own work changes about a socket is no news to the call
  const auto result = attempt(call);
  busy_ = false;
  if (result) {
    call.result = *result;
    return return_after(host_.settings().cpu.syscall);
  }
  if (call.kind == Syscall::Kind::poll && call.timeout)
    event_ =
        ns3::Simulator::Schedule(to_ns3(*call.timeout + timer_slack(*call.timeout)), &Process::timeout, this);
}

void Process::return_after(Duration cost) {
  event_.Cancel();
  busy_ = true;
  event_ = ns3::Simulator::Schedule(to_ns3(cost), &Process::complete, this);
}

void Process::complete() {
  busy_ = false;
  Syscall& call = *std::exchange(call_, nullptr);
  call.returned = now();
  for (auto* observer : observers_) observer->returned(call);
  call.program.resume();
}

void Process::timeout() {
  call_->result = {.value = 0};
  return_after(Duration(0));
}

void Process::socket_changed() {
  if (!call_ || busy_) return;
  const auto result = attempt(*call_);
  if (!result) return;
  call_->result = *result;
  return_after(host_.settings().cpu.wakeup);
}

void Process::syn_sent(const void* socket) {
  for (const Descriptor& descriptor : descriptors_)
    if (descriptor.tcp.get() == socket)
      for (auto* observer : observers_) observer->syn_sent(descriptor.fd, now());
}

Process::MaybeResult Process::attempt(Syscall& call) {
  if (call.kind == Kind::socket) return open_socket(call);
  if (call.kind == Kind::poll) return poll(call);
  Descriptor* descriptor = find(call.fd);
  if (!descriptor) return failure(EBADF);
  switch (call.kind) {
    case Kind::connect: return connect(*descriptor, call);
    case Kind::disconnect: descriptor->udp->disconnect(); return Result{};
    case Kind::getsockname: call.address = descriptor->udp->local(); return Result{};
    case Kind::send:
    case Kind::sendmmsg: return send(*descriptor, call);
    case Kind::writev: return write(*descriptor, call);
    case Kind::recvfrom: return receive(*descriptor, call);
    case Kind::read: return read(*descriptor, call);
    case Kind::fionread: return Result{.value = static_cast<std::int64_t>(descriptor->udp->next_size())};
    case Kind::close: return close(call.fd);
    default: return Result{};  // set_recverr: the lab's datagram sockets always have it
  }
}

// --- the calls

Result Process::open_socket(const Syscall& call) {
  Descriptor descriptor{
      .fd = first_free_descriptor, .transport = call.transport, .nonblocking = call.nonblocking};
  while (find(descriptor.fd)) ++descriptor.fd;
  if (call.transport == Transport::udp) descriptor.udp = std::make_unique<UdpSocket>(host_, *this, true);
  descriptors_.push_back(std::move(descriptor));
  return {.value = descriptors_.back().fd};
}

Process::MaybeResult Process::connect(Descriptor& descriptor, const Syscall& call) {
  if (descriptor.udp) {
    const int error = descriptor.udp->connect(call.address);
    return error == 0 ? Result{} : failure(error);
  }
  if (connecting_) return connect_progress(descriptor);
  descriptor.tcp = host_.open_stream(*this, call.address);
  if (!descriptor.tcp) return failure(ENETUNREACH);
  connecting_ = true;
  const auto connection = descriptor.tcp;
  connection->hold_lock_until(now() + connect_lock);
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
    if (socket.state() == kernel::TcpState::closed) ready |= POLLHUP | POLLIN | POLLOUT;
  }
  return static_cast<short>(ready);
}

Process::MaybeResult Process::poll(Syscall& call) {
  std::int64_t ready = 0;
  for (posix::PollFd& entry : call.polled) {
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
  for (const posix::ByteView message : call.output) {
    if (message.empty()) continue;
    const int error = descriptor.udp->send(message);
    if (error != 0) return sent > 0 ? Result{.value = sent} : failure(error);
    sent += call.kind == Syscall::Kind::sendmmsg ? 1 : static_cast<std::int64_t>(message.size());
  }
  return {.value = sent};
}

Result Process::write(Descriptor& descriptor, const Syscall& call) {
  auto& socket = descriptor.tcp->socket();
  if (socket.error() != 0) return failure(socket.take_error());
  if (!socket.connected()) return failure(EPIPE);
  Bytes all;
  for (const posix::ByteView piece : call.output) all.insert(all.end(), piece.begin(), piece.end());
  socket.write(now(), all);
  descriptor.tcp->settle();
  return {.value = static_cast<std::int64_t>(all.size())};
}

Process::MaybeResult Process::receive(Descriptor& descriptor, Syscall& call) {
  UdpSocket& socket = *descriptor.udp;
  if (socket.error() != 0) return failure(socket.take_error());
  const auto datagram = socket.next();
  if (!datagram) return descriptor.nonblocking ? MaybeResult(failure(EAGAIN)) : std::nullopt;
  const std::size_t size = std::min(call.input.size(), datagram->payload.size());
  std::copy_n(datagram->payload.begin(), size, call.input.begin());
  call.address = datagram->from;
  return Result{.value = static_cast<std::int64_t>(size)};
}

Process::MaybeResult Process::read(Descriptor& descriptor, Syscall& call) {
  auto& socket = descriptor.tcp->socket();
  if (socket.readable() > 0)
    return Result{.value = static_cast<std::int64_t>(socket.read(now(), call.input))};
  if (socket.error() != 0) return failure(socket.take_error());
  if (socket.end_of_file() || socket.state() == kernel::TcpState::closed) return Result{};
  return descriptor.nonblocking ? MaybeResult(failure(EAGAIN)) : std::nullopt;
}

Result Process::close(int fd) {
  const auto it = std::ranges::find(descriptors_, fd, &Descriptor::fd);
  if (const auto connection = it->tcp) {
    connection->set_owner(nullptr);
    connection->socket().close(now());
    connection->settle();
  }
  descriptors_.erase(it);
  return {};
}

}  // namespace hanglab::sim
