// A kernel whose network is a list of what upstream servers say, in order: each datagram or framed message
// that is sent is compared with what should be asked next, but for its id, and the answer can be received
// from then on. What nothing is said to waits for ever, as a dead server lets it.
#pragma once

#include <catch2/catch.hpp>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "models/posix/posix.hh"
#include "tests/models/servers/recording.hh"

namespace hanglab::tests {

class ScriptedUpstream : public posix::Posix {
 public:
  struct Said {
    std::string asked;  // in hexadecimal, both with id 0
    std::string answer;
  };

  std::deque<Said> script{};
  TimePoint clock{};
  std::vector<Endpoint> sent_to{};  // every datagram

  void enter(posix::Syscall& call) override { waiting_.push_back(&call); }
  void abandon(posix::Syscall& call) override { std::erase(waiting_, &call); }
  TimePoint now() const override { return clock; }
  std::uint64_t random() override { return ++random_; }

  // Until every program waits for what does not come.
  void pump() {
    for (bool moved = true; moved;) {
      moved = false;
      for (posix::Syscall* call : waiting_) {
        if (!completes(*call)) continue;
        std::erase(waiting_, call);
        call->program.resume();
        moved = true;
        break;
      }
    }
  }

 private:
  struct Arrived {
    Endpoint from;
    dns::Bytes bytes;
  };

  bool completes(posix::Syscall& call) {
    call.result = {};
    switch (call.kind) {
      case posix::Syscall::Kind::socket: call.result.value = ++last_fd_; return true;
      case posix::Syscall::Kind::sendto:
        sent_to.push_back(call.address);
        ask({call.output[0].begin(), call.output[0].end()}, call.fd, call.address, 0);
        call.result.value = static_cast<std::int64_t>(call.output[0].size());
        return true;
      case posix::Syscall::Kind::sendmsg: peers_[call.fd] = call.address; [[fallthrough]];
      case posix::Syscall::Kind::write:
        ask({call.output[0].begin() + 2, call.output[0].end()}, call.fd, peers_[call.fd], 2);
        call.result.value = static_cast<std::int64_t>(call.output[0].size());
        return true;
      case posix::Syscall::Kind::recvfrom:
      case posix::Syscall::Kind::read: return receive(call);
      case posix::Syscall::Kind::close: arrived_.erase(call.fd); return true;
      default: return true;
    }
  }

  void ask(dns::Bytes query, int fd, Endpoint to, std::size_t framing) {
    if (script.empty()) return;
    const auto said = script.front();
    script.pop_front();
    const dns::Bytes id(query.begin(), query.begin() + 2);
    query[0] = query[1] = 0;
    CHECK(to_hex({.message = query}) == said.asked);
    auto answer = from_hex(said.answer);
    if (answer.empty()) return;
    std::copy(id.begin(), id.end(), answer.begin());
    arrived_[fd].push_back({to, framing == 0 ? answer : dns::framed(answer)});
  }

  // A datagram whole, of a stream what there is room for.
  bool receive(posix::Syscall& call) {
    auto& queue = arrived_[call.fd];
    if (queue.empty()) return false;
    auto& [from, bytes] = queue.front();
    const std::size_t size = std::min(call.input.size(), bytes.size());
    std::copy_n(bytes.begin(), size, call.input.begin());
    bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    call.result = {.value = static_cast<std::int64_t>(size), .from = from};
    if (bytes.empty() || call.kind == posix::Syscall::Kind::recvfrom) queue.pop_front();
    return true;
  }

  std::vector<posix::Syscall*> waiting_;
  std::map<int, std::deque<Arrived>> arrived_;
  std::map<int, Endpoint> peers_;
  int last_fd_ = 2;
  std::uint64_t random_ = 0;
};

}  // namespace hanglab::tests
