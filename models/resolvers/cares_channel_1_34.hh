// The engine of c-ares 1.34 with the one query that a lookup has: connections, tries, timeouts.
//   - The query goes to the server with the fewest failures in a row, the first of those (with `rotate` to
//   any
//     of them), `tries` times the number of servers. The timeout doubles with each round of all servers, less
//     up to half of it at random from the second round on.
//   - UDP sockets are used until their server fails and closed when no query waits on them. A truncated
//   answer
//     moves the query to TCP; it is no failed try. There is one connection a server, opened with TCP fast
//     open, and each try writes the query into it once more, even before it is connected.
//   - ARES_FLAG_NOCHECKRESP: SERVFAIL, NOTIMP and REFUSED are answers, no reason to ask another server.
// Source: c-ares 1.34.6, src/lib/ares_process.c, ares_conn.c, ares_close_sockets.c, ares_send.c,
// ares_metrics.c. Left out because one lookup never gets there: timeouts from the average of earlier answers
// (from the third on), probes of servers that have failed (with a query's first try only), the query cache;
// and EDNS with its cookies, which takes a flag that Node.js does not set.
#pragma once

#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/dns.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/resolvers/cares_config.hh"

namespace hanglab::resolvers::cares {

// A socket as the program's event loop is to watch it (ARES_OPT_SOCK_STATE_CB).
struct WatchedSocket {
  int fd = -1;
  short events = 0;
};

class NewChannel {
 public:
  NewChannel(posix::Posix& os, const Config& config);

  posix::Task<int> query(std::string name, std::uint16_t type);  // ares_query
  // ares_process_fd: of one socket what may be read or written, or of none; and timeouts.
  posix::Task<int> process(int fd, bool read, bool write);

  bool ended() const { return status_.has_value(); }
  Status status() const { return *status_; }
  const dns::Bytes& answer() const { return answer_; }

  const std::vector<WatchedSocket>& watched() const { return watched_; }
  void stop_watching(int fd);  // until the channel changes its mind about the socket

 private:
  struct Server {
    Endpoint address{};
    std::size_t index = 0;  // in the configuration
    int failures = 0;       // in a row
  };

  struct Connection {
    int fd = -1;
    Transport transport = Transport::udp;
    std::size_t server = 0;    // its index
    bool connected = false;    // TCP: something was read or the socket was writable
    bool first_write = false;  // TCP: it may be tried before
    short events = 0;          // that the loop was asked to watch
    std::vector<dns::Bytes> output{};
    dns::Bytes input{};
  };

  enum class Sent { yes, refused };

  Connection* find(int fd);
  Server& server(std::size_t index);
  std::size_t choose_server();
  void server_failed(std::size_t index);
  posix::Task<int> send(TimePoint now);
  posix::Task<int> requeue(TimePoint now, Status status);
  void end(Status status, dns::Bytes answer = {});
  Duration timeout();

  Connection* usable_connection(std::size_t server);
  posix::Task<Connection*> open(std::size_t server);
  posix::Task<Sent> flush(Connection& connection);
  posix::Task<int> write(Connection& connection);
  posix::Task<int> read(Connection& connection, TimePoint now);
  posix::Task<int> take_answers(Connection& connection, TimePoint now);
  posix::Task<int> connection_failed(int fd, Status status);
  posix::Task<int> close(int fd);
  posix::Task<int> close_idle();
  void watch(Connection& connection, int events);

  posix::Posix& os_;
  const Config& config_;
  std::vector<Server> servers_;  // best first
  std::list<Connection> connections_{};
  std::vector<WatchedSocket> watched_{};

  // The query.
  std::uint16_t id_ = 0;
  dns::Question question_{};
  dns::Bytes message_{};
  int tries_ = 0;
  bool using_tcp_ = false;
  Status error_ = Status::success;
  std::optional<TimePoint> times_out_{};
  int waits_on_ = -1;  // the connection, by its descriptor
  std::optional<Status> status_{};
  dns::Bytes answer_{};
};

}  // namespace hanglab::resolvers::cares
