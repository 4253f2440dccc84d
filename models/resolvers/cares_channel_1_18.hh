// The engine of c-ares 1.18, the "channel": queries at work, one UDP and one TCP socket a server that all
// queries share, and what happens when a socket is ready or a query's time is up.
//   - Each query goes to the first server (with `rotate`, to the next one for each query) and from there to
//     the next, `tries` times round; the timeout doubles with each round.
//   - A truncated answer moves the query to TCP for good. One connection is tried once by each query: with
//     one server, a timeout over TCP is the end.
//   - A socket's error closes both sockets of the server, and all its queries go on to the next server. With
//     several servers they do not come back to this one; nor after SERVFAIL, NOTIMP or REFUSED.
//   - The error in the end is ECONNREFUSED unless a timeout was among the reasons.
// Source: c-ares 1.18.1, src/lib/ares_process.c, ares_send.c, ares_query.c, ares_timeout.c, ares_fds.c,
// ares__close_sockets.c. Left out: EDNS, which takes an option that ares_init() does not set.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/dns.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/resolvers/cares_config.hh"

namespace hanglab::resolvers::cares {

class OldChannel {
 public:
  // Told how a query ended, with its answer if there was one. It may ask again.
  using Callback = std::function<posix::Task<int>(Status status, dns::Bytes answer)>;

  OldChannel(posix::Posix& os, const Config& config);

  posix::Task<int> query(std::string name, std::uint16_t type, Callback callback);  // ares_query
  // One turn of the program's loop: ares_fds(), ares_timeout(), select(), ares_process().
  posix::Task<int> turn();

 private:
  struct Path {  // of one query to one server
    bool skip = false;
    int tcp_generation = 0;  // the connection that it was sent over
  };

  struct Query {
    std::uint16_t id = 0;
    dns::Question question{};
    dns::Bytes message{};
    Callback callback{};
    std::size_t server = 0;
    std::vector<Path> paths{};
    int tries = 0;
    bool using_tcp = false;
    Status error = Status::econnrefused;
    std::optional<TimePoint> timeout{};
  };
  using Queries = std::list<Query>;

  struct Request {  // waits for its TCP connection
    dns::Bytes bytes{};
    std::optional<std::uint16_t> query{};
  };

  struct Server {
    Endpoint address{};
    int udp = -1;
    int tcp = -1;
    int tcp_generation = 0;
    bool broken = false;
    std::vector<Request> requests{};
    std::vector<std::uint16_t> queries{};  // sent to it and not decided, by their ids
    dns::Bytes length{};                   // of the message that TCP is bringing, as far as it is there
    dns::Bytes message{};
  };

  struct Ready {  // what select() found
    std::vector<int> to_read{};
    std::vector<int> to_write{};
  };

  Query* find(std::uint16_t id);
  posix::Task<Ready> select();
  posix::Task<int> write_tcp(Ready& ready, TimePoint now);
  posix::Task<int> read_tcp(Ready& ready, TimePoint now);
  posix::Task<int> read_udp(Ready& ready, TimePoint now);
  posix::Task<int> expire(TimePoint now);

  posix::Task<int> send(std::uint16_t id, TimePoint now);
  posix::Task<int> next_server(std::uint16_t id, TimePoint now);
  posix::Task<int> answered(dns::Bytes message, std::size_t server, bool over_tcp, TimePoint now);
  posix::Task<int> failed(std::size_t server, TimePoint now);
  posix::Task<int> end(std::uint16_t id, Status status, dns::Bytes answer);
  posix::Task<bool> open_tcp(Server& server);
  posix::Task<bool> open_udp(Server& server);
  posix::Task<int> close_sockets(Server& server);
  void skip(Query& query, std::size_t server);

  posix::Posix& os_;
  const Config& config_;
  std::vector<Server> servers_;
  Queries queries_;
  std::size_t next_first_server_ = 0;
  int tcp_generation_ = 0;
};

}  // namespace hanglab::resolvers::cares
