#include "models/posix/attempt_log.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/big_endian.hh"
#include "core/dns.hh"

namespace hanglab::posix {

namespace {

// What an IPv6 socket calls ::ffff:192.168.122.1 is that server over IPv4.
Endpoint peer_of(const Syscall& call) {
  if (is_ipv6(call.address.address))
    if (const auto v4 = mapped_v4(ipv6_of(call.address.address))) return {*v4, call.address.port};
  return call.address;
}

}  // namespace

std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "errno " + std::to_string(error);
}

void AttemptLog::begin(TimePoint at) {
  began_ = at;
  sockets_.clear();
  attempts_.clear();
}

AttemptLog::Socket* AttemptLog::find(int fd) {
  const auto it = std::ranges::find(sockets_, fd, &Socket::fd);
  return it == sockets_.end() ? nullptr : &*it;
}

Attempt& AttemptLog::open(Socket& socket, Endpoint server, TimePoint at) {
  std::erase_if(socket.attempts, [&](std::size_t i) { return attempts_[i].server == server; });
  socket.attempts.push_back(attempts_.size());
  attempts_.push_back(
      {.server = server, .transport = socket.transport, .start = at - began_, .end = at - began_});
  return attempts_.back();
}

Attempt* AttemptLog::current(Socket& socket, Endpoint server) {
  for (const std::size_t i : socket.attempts)
    if (attempts_[i].server == server) return &attempts_[i];
  return nullptr;
}

// The last word counts: an answer that comes after another one extends the attempt.
void AttemptLog::decide(Attempt& attempt, TimePoint at, std::string result) {
  attempt.end = at - began_;
  attempt.result = std::move(result);
}

void AttemptLog::decide_all(Socket& socket, TimePoint at, const std::string& result) {
  for (const std::size_t i : socket.attempts) decide(attempts_[i], at, result);
}

void AttemptLog::answer(Attempt& attempt, TimePoint at, ByteView message) {
  const auto header = dns::decode_header(message);
  if (!header) return;
  if (attempt.bytes == 0) attempt.bytes = message.size();
  if (header->truncated()) {
    attempt.bytes = message.size();
    if (full_size_) attempt.full_bytes = full_size_(header->id);
    return decide(attempt, at, "truncated");
  }
  // What the other query got changes nothing about that.
  if (attempt.result == "truncated") return decide(attempt, at, "truncated");
  attempt.bytes = std::max(attempt.bytes, message.size());
  if (header->rcode() == dns::noerror) return decide(attempt, at, "answered");
  decide(attempt, at, std::string(dns::rcode_name(header->rcode())));
}

void AttemptLog::stream_bytes(Socket& socket, TimePoint at, ByteView bytes) {
  Attempt* attempt = current(socket, socket.peer);
  auto& stream = socket.stream;
  stream.insert(stream.end(), bytes.begin(), bytes.end());
  while (stream.size() >= 2) {
    const std::size_t size = get_u16(stream);
    if (stream.size() < 2 + size) return;
    if (attempt) answer(*attempt, at, ByteView(stream).subspan(2, size));
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(2 + size));
  }
}

void AttemptLog::on_connect(Socket& socket, const Syscall& call) {
  if (socket.transport == Transport::udp) {
    // The address sorting of getaddrinfo connects datagram sockets that never send: no attempt.
    socket.peer = peer_of(call);
    return;
  }
  // Where SYNs left, they have opened the attempt before its peer was known.
  Attempt* attempt = current(socket, socket.peer);
  if (!attempt) attempt = &open(socket, peer_of(call), call.entered);
  socket.peer = attempt->server = peer_of(call);
  socket.connecting = call.result.error == EINPROGRESS;
  if (!call.result.ok() && !socket.connecting)
    decide(*attempt, call.returned, "connect " + errno_name(call.result.error));
}

void AttemptLog::on_send(Socket& socket, const Syscall& call) {
  const bool addressed = call.address.port != 0;
  const Endpoint server = addressed ? peer_of(call) : socket.peer;
  Attempt* attempt = current(socket, server);
  // Until something was heard or timed out, a further datagram belongs to the same attempt.
  if (!attempt || !attempt->result.empty()) {
    const bool second_of_two = attempt && attempt->result == "answered" && call.kind == Syscall::Kind::send;
    if (!second_of_two) attempt = &open(socket, server, call.entered);
  }
  if (!call.result.ok()) return decide(*attempt, call.returned, "send " + errno_name(call.result.error));
  const std::size_t count =
      call.kind == Syscall::Kind::sendmmsg ? static_cast<std::size_t>(call.result.value) : 1;
  attempt->sends.insert(attempt->sends.end(), count, call.entered - began_);
}

void AttemptLog::on_stream_output(Socket& socket, const Syscall& call) {
  if (call.address.port != 0) return on_connect(socket, call);  // MSG_FASTOPEN
  if (!call.result.ok() && call.result.error == EAGAIN) return;
  const bool connecting = std::exchange(socket.connecting, false);
  if (!call.result.ok())
    decide_all(socket, call.returned, (connecting ? "connect " : "write ") + errno_name(call.result.error));
}

void AttemptLog::on_receive(Socket& socket, const Syscall& call) {
  if (!call.result.ok() && call.result.error == EAGAIN) return;
  if (!call.result.ok()) {
    std::string verb = call.kind == Syscall::Kind::read ? "read " : "recv ";
    if (std::exchange(socket.connecting, false)) verb = "connect ";
    return decide_all(socket, call.returned, verb + errno_name(call.result.error));
  }
  if (socket.transport == Transport::udp) {
    if (Attempt* attempt = current(socket, peer_of(call))) answer(*attempt, call.returned, call.received());
    return;
  }
  if (call.result.value == 0) return decide_all(socket, call.returned, "EOF");
  stream_bytes(socket, call.returned, call.received());
}

void AttemptLog::on_poll(const Syscall& call) {
  const bool in_vain = call.result.value == 0 && call.timeout != Duration(0);
  for (const PollFd& polled : call.polled) {
    Socket* socket = find(polled.fd);
    if (!socket) continue;
    if (in_vain && polled.events != 0)
      for (const std::size_t i : socket->attempts)
        if (attempts_[i].result != "truncated") decide(attempts_[i], call.returned, "timeout");
    // An ICMP error that no call fetches: the program closes the socket when it sees this.
    if (socket->transport == Transport::udp && (polled.revents & POLLERR) != 0)
      decide_all(*socket, call.returned, "ICMP error");
  }
}

// Who closes a stream after the beginning of a message has read as much of it as it wanted.
void AttemptLog::on_close(Socket& socket, const Syscall& call) {
  Attempt* attempt = current(socket, socket.peer);
  if (attempt && attempt->result.empty() && socket.stream.size() > 2 + dns::header_size) {
    answer(*attempt, call.returned, ByteView(socket.stream).subspan(2));
    attempt->bytes = get_u16(socket.stream);
  }
  for (const std::size_t i : socket.attempts)
    if (attempts_[i].result.empty()) decide(attempts_[i], call.returned, "no answer");
  std::erase_if(sockets_, [&](const Socket& s) { return s.fd == call.fd; });
}

void AttemptLog::returned(const Syscall& call) {
  using Kind = Syscall::Kind;
  if (call.kind == Kind::socket) {
    if (call.result.ok())
      sockets_.push_back({.fd = static_cast<int>(call.result.value), .transport = call.transport});
    return;
  }
  if (call.kind == Kind::poll) return on_poll(call);
  Socket* socket = find(call.fd);
  if (!socket) return;
  switch (call.kind) {
    case Kind::connect: on_connect(*socket, call); break;
    case Kind::so_error:
      if (socket->connecting && call.result.value != 0)
        decide_all(*socket, call.returned, "connect " + errno_name(static_cast<int>(call.result.value)));
      socket->connecting = false;
      break;
    case Kind::send:
    case Kind::sendto:
    case Kind::sendmsg:
    case Kind::sendmmsg:
    case Kind::write:
    case Kind::writev:
      if (socket->transport == Transport::udp)
        on_send(*socket, call);
      else
        on_stream_output(*socket, call);
      break;
    case Kind::recvfrom:
    case Kind::recvmsg:
    case Kind::read: on_receive(*socket, call); break;
    case Kind::close: on_close(*socket, call); break;
    default: break;
  }
}

void AttemptLog::unfinished(const Syscall& call, TimePoint at) {
  if (call.kind == Syscall::Kind::poll) {
    for (const PollFd& polled : call.polled)
      if (Socket* socket = find(polled.fd); socket && polled.events != 0)
        for (const std::size_t i : socket->attempts)
          if (attempts_[i].result != "truncated") decide(attempts_[i], at, "no answer");
    return;
  }
  Socket* socket = find(call.fd);
  if (!socket) return;
  if (call.kind == Syscall::Kind::connect) on_connect(*socket, call);
  decide_all(*socket, at, "no answer");
}

// The first SYN leaves inside connect(), before it returns: it opens the attempt.
void AttemptLog::syn_sent(int fd, TimePoint at) {
  Socket* socket = find(fd);
  if (!socket) return;
  Attempt* attempt = current(*socket, socket->peer);
  if (!attempt) attempt = &open(*socket, socket->peer, at);
  ++attempt->syns;
  attempt->sends.push_back(at - began_);
}

}  // namespace hanglab::posix
