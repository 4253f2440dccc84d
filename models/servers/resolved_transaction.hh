// One question that systemd-resolved asks upstream, on behalf of all clients that want to know the same. Up
// to 24 attempts: each goes to the present server by its present level, over UDP for 5 s, over TCP for 10 s.
// A lost one is followed by one to the next server. A truncated answer is followed by the same question over
// TCP, within the time of the attempt; a connection that fails by one more attempt at once, so that a server
// that refuses TCP is asked 24 times within milliseconds. SERVFAIL is asked again once as it was, then by the
// next lower level; NXDOMAIN to a question with EDNS once more without. An ICMP error ends it if there is no
// other server. The UDP socket stays the same while the server does and TCP was not tried, and is left open
// for 5 s afterwards where no answer came. Source: systemd 252, src/resolve/resolved-dns-transaction.c,
// resolved-timeouts.h.
//
// Left out: that an answer in fragments is asked for again over TCP.
#pragma once

#include <functional>
#include <optional>

#include "models/servers/resolved_message.hh"
#include "models/servers/resolved_stream.hh"
#include "models/servers/resolved_upstream.hh"

namespace hanglab::servers {

// How a transaction ended.
struct ResolvedOutcome {
  bool silent = false;  // after the last attempt: no client is told anything
  bool heard = false;   // from a server, or of the cache
  dns::Rcode rcode = dns::servfail;
  ResolvedSections sections{};
};

// What transactions share, of whoever runs them.
class ResolvedServers {
 public:
  virtual ~ResolvedServers() = default;
  virtual std::size_t count() const = 0;
  virtual std::size_t present() const = 0;
  virtual void leave(std::size_t server) = 0;  // for the next, if that is the present one
  virtual Endpoint endpoint(std::size_t server) const = 0;
  virtual std::uint16_t edns_size(std::size_t server) const = 0;
  virtual ResolvedUpstream& upstream(std::size_t server) = 0;
  virtual FeatureLevel level(std::size_t server) = 0;
  virtual ResolvedStream& stream(std::size_t server, bool& is_new) = 0;
  virtual std::uint16_t new_id() = 0;
  virtual TimePoint busy_until() const = 0;  // with a client's question: one process does it all
  virtual std::optional<ResolvedOutcome> cached(const ResolvedKey& key) = 0;
  virtual void keep(const ResolvedKey& key, const ResolvedOutcome& outcome, std::size_t server) = 0;
  virtual posix::Task<bool> bury(int fd) = 0;  // a socket that an answer may still come to
  virtual posix::Task<bool> dig_up() = 0;      // closes those that lay long enough
};

// Errors of a connection after which it may be worth trying again.
bool is_disconnect(int error);

class ResolvedTransaction final : public StreamUser {
 public:
  using Finished = std::function<void(const ResolvedOutcome&)>;

  ResolvedTransaction(posix::Posix& os, ResolvedTimers& timers, ResolvedServers& servers,
                      const StubQuery& query, Finished finished)
      : os_(os),
        timers_(timers),
        servers_(servers),
        name_(query.name),
        key_(query.key),
        id_(servers.new_id()),
        finished_hook_(std::move(finished)) {}
  ~ResolvedTransaction() override;

  void start();
  const ResolvedKey& key() const { return key_; }
  bool finished() const { return finished_; }
  bool at_rest() const { return finished_ && (!running_ || running_->done()); }
  int open_socket() const { return fd_; }  // -1: none

  std::uint16_t id() const override { return id_; }
  FeatureLevel level() const override { return level_; }
  void stream_said(dns::Bytes message) override;
  void stream_failed(int error) override;

 private:
  struct Event {
    enum class Kind { timeout, message, failure };
    Kind kind = Kind::timeout;
    Transport transport = Transport::udp;
    dns::Bytes message{};
    int error = 0;
  };
  enum class Next { wait, try_again, end };

  posix::Task<bool> run();
  posix::Task<bool> send();     // false: nothing could be sent
  posix::Task<int> send_udp();  // 0 or errno; EAGAIN: by TCP
  posix::Task<bool> send_tcp();
  posix::Task<bool> close_sockets();
  void pick_server();
  dns::Bytes question() const;  // as the level has it
  posix::Task<Event> next_event(TimePoint due);
  posix::Task<Event> time_out(TimePoint due);
  posix::Task<Event> hear_udp();
  posix::Task<Event> hear_stream();
  posix::Task<Next> take(Event event);
  posix::Task<Next> take_message(dns::Bytes message, Transport transport);
  bool try_after_error(dns::Rcode rcode);
  bool try_other_server();
  void leave_stream();
  void finish(const ResolvedOutcome& outcome);

  posix::Posix& os_;
  ResolvedTimers& timers_;
  ResolvedServers& servers_;
  WireName name_;
  ResolvedKey key_;
  std::uint16_t id_;
  Finished finished_hook_;
  std::optional<std::size_t> server_{};
  std::size_t picked_servers_ = 0;
  FeatureLevel level_ = FeatureLevel::edns0;
  std::optional<FeatureLevel> highest_after_error_{};  // of this question alone
  std::optional<FeatureLevel> highest_after_nxdomain_{};
  int attempts_ = 0;
  int fd_ = -1;
  bool heard_ = false;  // something since it was last sent
  bool last_ = false;   // an answer over TCP that wants another attempt gets no answer to it
  ResolvedStream* stream_ = nullptr;
  std::optional<Event> news_{};  // of the stream
  Doorbell bell_;
  bool finished_ = false;
  std::optional<posix::Task<bool>> running_{};
};

}  // namespace hanglab::servers
