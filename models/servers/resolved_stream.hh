// A TCP connection of systemd-resolved to an upstream server. All transactions with that server share it, and
// it stays open for the next ones until nothing was written or read for 10 s; as long may it take to connect.
// Its SYN asks for a TCP Fast Open cookie. Source: systemd 252, src/resolve/resolved-dns-stream.c.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "core/dns.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/servers/resolved_timers.hh"
#include "models/servers/resolved_upstream.hh"

namespace hanglab::servers {

// A transaction, as its connection knows it.
class StreamUser {
 public:
  virtual ~StreamUser() = default;
  virtual std::uint16_t id() const = 0;
  virtual FeatureLevel level() const = 0;
  virtual void stream_said(dns::Bytes message) = 0;
  virtual void stream_failed(int error) = 0;
};

class ResolvedStream {
 public:
  // Called with an errno when it ends, by whomever, and with one who still used it, before they are told.
  using Ended = std::function<void(int error, const StreamUser* user)>;

  ResolvedStream(posix::Posix& os, ResolvedTimers& timers, Endpoint server, Ended ended)
      : os_(os), timers_(timers), server_(server), ended_hook_(std::move(ended)) {}

  void start();
  bool ended() const { return ended_; }
  // Everything of it has come to rest, so that it can be destroyed.
  bool at_rest() const;
  void add(StreamUser& user, const dns::Bytes& message);
  void remove(const StreamUser& user);  // and its message, if it has not been sent

 private:
  struct Waiting {
    StreamUser* user;
    dns::Bytes framed;
  };

  posix::Task<bool> run();
  posix::Task<int> connect();
  posix::Task<bool> write_waiting();
  posix::Task<bool> watch_time();
  posix::Task<bool> end(int error);
  void progress() { deadline_ = os_.now() + patience; }
  void read_messages();

  static constexpr Duration patience = std::chrono::seconds(10);

  posix::Posix& os_;
  ResolvedTimers& timers_;
  Endpoint server_;
  Ended ended_hook_;
  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  TimePoint deadline_{};
  std::vector<StreamUser*> users_;  // the latest first
  std::deque<Waiting> waiting_;
  dns::Bytes input_;
  std::optional<posix::Task<bool>> running_{};
  std::optional<posix::Task<bool>> writing_{};
  std::optional<posix::Task<bool>> watching_{};
};

}  // namespace hanglab::servers
