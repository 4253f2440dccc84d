// The questions that systemd-resolved has open: whom it asks, for whom, and who is told. A client that asks
// for what is being asked already joins in; one that repeats its question, from the same port with the same
// octets, is passed over. After 120 s, or when the last attempt has failed, the client is told nothing; the
// transaction goes on to its last attempt, for the cache. That of a TCP client ends with its connection.
// Source: systemd 252, src/resolve/resolved-dns-query.c, resolved-dns-stub.c, resolved-socket-graveyard.c.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "models/servers/resolved_cache.hh"
#include "models/servers/resolved_conf.hh"
#include "models/servers/resolved_transaction.hh"

namespace hanglab::servers {

// What a run has taught it.
struct ResolvedMemory {
  explicit ResolvedMemory(const ResolvedConf& conf) : cache(conf.cache), upstreams(conf.servers.size()) {}

  ResolvedCache cache;
  std::vector<ResolvedUpstream> upstreams;
  std::size_t present = 0;  // the server that is asked
  Random random{0};
  Duration timer_phase{};
  TimePoint busy_until{};  // with a client's question
};

class ResolvedForwarding final : public Forwarding, public ResolvedServers {
 public:
  ResolvedForwarding(const ResolvedConf& conf, std::uint16_t mtu, ResolvedMemory& memory, posix::Posix& os,
                     Deliver deliver);
  ~ResolvedForwarding() override;

  posix::Task<bool> forward(dns::Bytes query, Client client) override;
  // For a client on a connection.
  posix::Task<Answer> resolve(dns::Bytes query);
  // Something arrived.
  void wake() { timers_.wake(); }

 private:
  // A client's question.
  struct Query {
    Query(const StubQuery& the_asked, dns::Bytes bytes, std::optional<Client> from)
        : asked(the_asked), message(std::move(bytes)), client(from) {}

    StubQuery asked;
    dns::Bytes message;
    std::optional<Client> client;  // none: on a connection
    ResolvedTransaction* transaction = nullptr;
    bool done = false;
    Answer answer{};
    Doorbell answered{};
    std::optional<posix::Task<bool>> timer{};
  };

  struct Running {
    std::unique_ptr<ResolvedTransaction> transaction;
    bool for_the_cache = false;  // a client that waited for it was given up
  };

  void ask(Query& query);
  void finished(const ResolvedTransaction& transaction, const ResolvedOutcome& outcome);
  void settle(Query& query, const ResolvedOutcome& outcome);
  void withdraw(Query& query);
  void clear_away();
  posix::Task<bool> time_out(Query& query);

  std::size_t count() const override { return conf_.servers.size(); }
  std::size_t present() const override { return memory_.present; }
  void leave(std::size_t server) override;
  Endpoint endpoint(std::size_t server) const override;
  std::uint16_t edns_size(std::size_t server) const override;
  ResolvedUpstream& upstream(std::size_t server) override { return memory_.upstreams[server]; }
  FeatureLevel level(std::size_t server) override;
  ResolvedStream& stream(std::size_t server, bool& is_new) override;
  std::uint16_t new_id() override;
  std::optional<ResolvedOutcome> cached(const ResolvedKey& key) override;
  void keep(const ResolvedKey& key, const ResolvedOutcome& outcome, std::size_t server) override;
  posix::Task<bool> bury(int fd) override;
  posix::Task<bool> dig_up() override;
  TimePoint busy_until() const override { return memory_.busy_until; }
  void stream_ended(std::size_t server, int error, const StreamUser* user);

  const ResolvedConf& conf_;
  std::uint16_t mtu_;
  ResolvedMemory& memory_;
  posix::Posix& os_;
  Deliver deliver_;
  ResolvedTimers timers_;
  std::vector<ResolvedStream*> stream_of_;  // of each server; null: none that can be used
  std::list<std::unique_ptr<ResolvedStream>> streams_;
  std::list<Running> running_;
  std::list<Query> queries_;
  std::deque<std::pair<TimePoint, int>> graves_;
};

}  // namespace hanglab::servers
