// The system calls that a resolver makes, as a coroutine awaits them: socket(2), connect(2), poll(2),
// sendto(2), recvfrom(2), read(2), writev(2), close(2) …, with their errno. A resolver written
// against this interface reads top to bottom like the program that it models, and runs on whatever
// implements it: the simulated kernel, or real sockets. Each task of a program (task.hh: all, first)
// may have a call of its own at work, as threads and goroutines do.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/address.hh"
#include "core/lookup.hh"
#include "core/time.hh"

namespace hanglab::posix {

// What a call returned: a count, a descriptor or 0; or -1 with errno.
struct Result {
  std::int64_t value = 0;
  int error = 0;
  Endpoint from{};         // of a datagram received: its sender
  bool truncated = false;  // … and whether it was longer than the buffer (MSG_TRUNC)

  bool ok() const { return value >= 0; }
};

constexpr Result failure(int error) { return {.value = -1, .error = error}; }

using ByteView = std::span<const std::uint8_t>;

struct PollFd {
  int fd = -1;       // -1: none, which is passed over
  short events = 0;  // POLLIN, POLLOUT of <poll.h>
  short revents = 0;
};

// One system call, from its entry to its return. The buffers are the caller's.
struct Syscall {
  enum class Kind {
    socket,
    setsockopt,
    bind,
    connect,
    disconnect,
    getsockname,
    so_error,
    poll,
    send,
    sendto,
    sendmsg,
    sendmmsg,
    write,
    writev,
    recvfrom,
    recvmsg,
    read,
    fionread,
    close,
    work
  };

  // Broadcast and no-delay change nothing about what the lab's sockets do; nor does v6only, for an IPv6
  // socket takes IPv4 in any case (net.ipv6.bindv6only = 0).
  enum class Option { recverr, mtu_discover, broadcast, nodelay, fastopen_connect, maxseg, syncnt, v6only };

  Kind kind = Kind::socket;
  int fd = -1;
  Transport transport = Transport::udp;  // socket
  bool nonblocking = false;              // socket
  IpVersion version = IpVersion::v4;     // socket, setsockopt, bind: AF_INET or AF_INET6
  Option option = Option::recverr;       // setsockopt
  int number = 1;                        // setsockopt: the option's value; work: how many system calls
  Endpoint address{};          // connect; of sendto and sendmsg, port 0: none; where a datagram came from
  std::span<PollFd> polled{};  // poll
  std::optional<Duration> timeout{};  // poll; none waits for ever. work: its processor time
  std::array<ByteView, 2> output{};   // of what sends or writes
  std::span<std::uint8_t> input{};    // of what receives or reads

  TimePoint entered{};
  TimePoint returned{};
  Result result{};
  std::coroutine_handle<> program{};

  ByteView received() const { return input.first(result.ok() ? static_cast<std::size_t>(result.value) : 0); }
};

class Posix {
 public:
  virtual ~Posix() = default;

  // Begins a call; the implementation sets its result and resumes its program, never from within.
  virtual void enter(Syscall& call) = 0;
  // Its program was destroyed while it waited, as a thread that is cancelled: never resumes it.
  virtual void abandon(Syscall& call) = 0;
  virtual TimePoint now() const = 0;   // clock_gettime(CLOCK_MONOTONIC): no system call, thanks to the vDSO
  virtual std::uint64_t random() = 0;  // getrandom or a hash of the clock, as the program has it

  // An awaitable system call.
  class Call {
   public:
    Call(Posix& os, const Syscall& call) : os_(&os), call_(call) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    ~Call() {
      if (call_.program) os_->abandon(call_);
    }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> program) {
      call_.program = program;
      os_->enter(call_);
    }
    Result await_resume() noexcept {
      call_.program = nullptr;
      return call_.result;
    }

   private:
    Posix* os_;
    Syscall call_;
  };

  using Kind = Syscall::Kind;

  // An IPv6 socket reaches IPv4 by the addresses that stand for it, ::ffff:192.168.122.1, and names it so.
  Call socket(Transport transport, bool nonblocking, IpVersion version = IpVersion::v4) {
    return {*this,
            {.kind = Kind::socket, .transport = transport, .nonblocking = nonblocking, .version = version}};
  }
  Call setsockopt(int fd, Syscall::Option option, int value = 1, IpVersion version = IpVersion::v4) {
    return {*this,
            {.kind = Kind::setsockopt, .fd = fd, .version = version, .option = option, .number = value}};
  }
  // IP_RECVERR: every ICMP error reaches the UDP socket. Without it an unconnected socket hears of none,
  // a connected one of those that are final (net/ipv4/udp.c, __udp4_lib_err; net/ipv6/udp.c, __udp6_lib_err).
  Call set_recverr(int fd, IpVersion version = IpVersion::v4) {
    return setsockopt(fd, Syscall::Option::recverr, 1, version);
  }
  // To any port of any address.
  Call bind(int fd, IpVersion version = IpVersion::v4) {
    return {*this, {.kind = Kind::bind, .fd = fd, .version = version}};
  }
  // On a non-blocking stream EINPROGRESS; poll() then says POLLOUT when so_error() has the outcome. After a
  // failure it may be tried again.
  Call connect(int fd, Endpoint to) { return {*this, {.kind = Kind::connect, .fd = fd, .address = to}}; }
  // connect() with AF_UNSPEC: forgets the peer.
  Call disconnect(int fd) { return {*this, {.kind = Kind::disconnect, .fd = fd}}; }
  Call getsockname(int fd) { return {*this, {.kind = Kind::getsockname, .fd = fd}}; }
  // getsockopt(SO_ERROR): the pending error as the value, 0 for none; it is pending no more.
  Call so_error(int fd) { return {*this, {.kind = Kind::so_error, .fd = fd}}; }
  // Of no descriptor: sleeps.
  Call poll(std::span<PollFd> fds, std::optional<Duration> timeout) {
    return {*this,
            {.kind = Kind::poll, .fd = fds.empty() ? -1 : fds[0].fd, .polled = fds, .timeout = timeout}};
  }
  Call send(int fd, ByteView message) { return {*this, {.kind = Kind::send, .fd = fd, .output = {message}}}; }
  Call sendto(int fd, ByteView message, Endpoint to) {
    return {*this, {.kind = Kind::sendto, .fd = fd, .address = to, .output = {message}}};
  }
  // One message, or a stream's bytes, in two pieces. With an address on a stream: connect() by MSG_FASTOPEN
  // to a server without a cookie. Non-blocking, it sends no data and returns EINPROGRESS; else it sends them
  // when connected.
  Call sendmsg(int fd, ByteView first, ByteView second = {}, Endpoint to = {}) {
    return {*this, {.kind = Kind::sendmsg, .fd = fd, .address = to, .output = {first, second}}};
  }
  // Two datagrams with one call; returns how many were sent.
  Call sendmmsg(int fd, ByteView first, ByteView second) {
    return {*this, {.kind = Kind::sendmmsg, .fd = fd, .output = {first, second}}};
  }
  Call write(int fd, ByteView bytes) { return {*this, {.kind = Kind::write, .fd = fd, .output = {bytes}}}; }
  Call writev(int fd, ByteView first, ByteView second = {}) {
    return {*this, {.kind = Kind::writev, .fd = fd, .output = {first, second}}};
  }
  Call recvfrom(int fd, std::span<std::uint8_t> into) {
    return {*this, {.kind = Kind::recvfrom, .fd = fd, .input = into}};
  }
  Call recvmsg(int fd, std::span<std::uint8_t> into) {
    return {*this, {.kind = Kind::recvmsg, .fd = fd, .input = into}};
  }
  Call read(int fd, std::span<std::uint8_t> into) {
    return {*this, {.kind = Kind::read, .fd = fd, .input = into}};
  }
  // ioctl(FIONREAD): the size of the next datagram.
  Call fionread(int fd) { return {*this, {.kind = Kind::fionread, .fd = fd}}; }
  Call close(int fd) { return {*this, {.kind = Kind::close, .fd = fd}}; }
  // No call, but what the program does between them where that takes its time: its own instructions, and
  // system calls that say nothing to the network, as many as a host's cost for one applies to. No observer
  // is told.
  Call work(Duration processor_time, int calls) {
    return {*this, {.kind = Kind::work, .number = calls, .timeout = processor_time}};
  }
};

// Told of what a program does at its kernel: what strace, and a log of its attempts, are made of.
class SyscallObserver {
 public:
  virtual ~SyscallObserver() = default;
  virtual void returned(const Syscall& call) = 0;
  // A call that the end of observation found waiting.
  virtual void unfinished(const Syscall& call, TimePoint at) = 0;
  // The kernel sent a SYN for a connecting socket.
  virtual void syn_sent(int fd, TimePoint at) = 0;
};

}  // namespace hanglab::posix
