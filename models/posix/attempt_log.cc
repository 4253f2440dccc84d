#include "models/posix/attempt_log.hh"

#include <poll.h>

#include <algorithm>
#include <cstring>

#include "core/dns.hh"

namespace hanglab::posix {

std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : "errno " + std::to_string(error);
}

AttemptLog::Socket* AttemptLog::find(int fd) {
  const auto it = std::ranges::find(sockets_, fd, &Socket::fd);
  return it == sockets_.end() ? nullptr : &*it;
}

Attempt& AttemptLog::open(Socket& socket, TimePoint at) {
  socket.attempt = attempts_.size();
  attempts_.push_back(
      {.server = socket.peer, .transport = socket.transport, .start = at - began_, .end = at - began_});
  return attempts_.back();
}

Attempt* AttemptLog::current(Socket& socket) {
  return socket.attempt == none ? nullptr : &attempts_[socket.attempt];
}

// The last word counts: an answer that comes after another one extends the attempt.
void AttemptLog::decide(Socket& socket, TimePoint at, std::string result) {
  if (Attempt* attempt = current(socket)) {
    attempt->end = at - began_;
    attempt->result = std::move(result);
  }
}

void AttemptLog::answer(Socket& socket, TimePoint at, ByteView message) {
  Attempt* attempt = current(socket);
  const auto header = dns::decode_header(message);
  if (!attempt || !header) return;
  if (attempt->bytes == 0) attempt->bytes = message.size();
  if (header->truncated()) {
    attempt->bytes = message.size();
    if (full_size_) attempt->full_bytes = full_size_(header->id);
    return decide(socket, at, "truncated");
  }
  attempt->bytes = std::max(attempt->bytes, message.size());
  if (header->rcode() == dns::noerror) return decide(socket, at, "answered");
  decide(socket, at, std::string(dns::rcode_name(header->rcode())));
}

void AttemptLog::stream_bytes(Socket& socket, TimePoint at, ByteView bytes) {
  auto& stream = socket.stream;
  stream.insert(stream.end(), bytes.begin(), bytes.end());
  while (stream.size() >= 2) {
    const std::size_t size = static_cast<std::size_t>(stream[0] << 8 | stream[1]);
    if (stream.size() < 2 + size) return;
    answer(socket, at, ByteView(stream).subspan(2, size));
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(2 + size));
  }
}

void AttemptLog::on_send(Socket& socket, const Syscall& call) {
  Attempt* attempt = current(socket);
  // Until something was heard or timed out, a further datagram belongs to the same attempt.
  if (!attempt || !attempt->result.empty()) {
    const bool second_of_two = attempt && attempt->result == "answered" && call.kind == Syscall::Kind::send;
    if (!second_of_two) attempt = &open(socket, call.entered);
  }
  if (!call.result.ok()) return decide(socket, call.returned, "send " + errno_name(call.result.error));
  const std::size_t count =
      call.kind == Syscall::Kind::sendmmsg ? static_cast<std::size_t>(call.result.value) : 1;
  attempt->sends.insert(attempt->sends.end(), count, call.entered - began_);
}

void AttemptLog::on_receive(Socket& socket, const Syscall& call) {
  const char* verb = call.kind == Syscall::Kind::read ? "read " : "recv ";
  if (!call.result.ok()) return decide(socket, call.returned, verb + errno_name(call.result.error));
  if (socket.transport == Transport::udp) return answer(socket, call.returned, call.received());
  if (call.result.value == 0) return decide(socket, call.returned, "EOF");
  stream_bytes(socket, call.returned, call.received());
}

void AttemptLog::returned(const Syscall& call) {
  using Kind = Syscall::Kind;
  if (call.kind == Kind::socket) {
    if (call.result.ok())
      sockets_.push_back({.fd = static_cast<int>(call.result.value), .transport = call.transport});
    return;
  }
  Socket* socket = find(call.fd);
  if (!socket) return;
  switch (call.kind) {
    case Kind::connect:
      socket->peer = call.address;
      if (socket->transport == Transport::tcp) {
        if (socket->attempt == none) open(*socket, call.entered);
        attempts_[socket->attempt].server = call.address;
        if (!call.result.ok()) decide(*socket, call.returned, "connect " + errno_name(call.result.error));
      } else if (!call.result.ok()) {
        // The address sorting of getaddrinfo connects datagram sockets that never send: no attempt.
        socket->attempt = none;
      }
      break;
    case Kind::send:
    case Kind::sendmmsg:
      if (socket->transport == Transport::udp) on_send(*socket, call);
      break;
    case Kind::writev:
      if (!call.result.ok()) decide(*socket, call.returned, "write " + errno_name(call.result.error));
      break;
    case Kind::recvfrom:
    case Kind::read: on_receive(*socket, call); break;
    case Kind::poll:
      if (call.result.value == 0 && call.timeout != Duration(0) && socket->attempt != none)
        decide(*socket, call.returned, "timeout");
      // An ICMP error that no call fetches: the program closes the socket when it sees this.
      if (socket->transport == Transport::udp && (call.polled[0].revents & POLLERR) != 0)
        decide(*socket, call.returned, "ICMP error");
      break;
    case Kind::close: {
      Attempt* attempt = current(*socket);
      if (attempt && attempt->result.empty()) decide(*socket, call.returned, "no answer");
      std::erase_if(sockets_, [&](const Socket& s) { return s.fd == call.fd; });
      break;
    }
    default: break;
  }
}

void AttemptLog::unfinished(const Syscall& call, TimePoint at) {
  if (Socket* socket = find(call.fd)) {
    if (call.kind == Syscall::Kind::connect && socket->attempt == none) {
      socket->peer = call.address;
      open(*socket, call.entered);
    }
    if (current(*socket)) decide(*socket, at, "no answer");
  }
}

// The first SYN leaves inside connect(), before it returns: it opens the attempt.
void AttemptLog::syn_sent(int fd, TimePoint at) {
  Socket* socket = find(fd);
  if (!socket) return;
  if (socket->attempt == none) open(*socket, at);
  Attempt& attempt = attempts_[socket->attempt];
  ++attempt.syns;
  attempt.sends.push_back(at - began_);
}

}  // namespace hanglab::posix
