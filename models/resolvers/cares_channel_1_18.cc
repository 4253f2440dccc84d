#include "models/resolvers/cares_channel_1_18.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "core/big_endian.hh"
#include "models/resolvers/cares_addresses.hh"

namespace hanglab::resolvers::cares {

namespace {

using std::chrono::floor;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t udp_buffer = 4097;  // MAXENDSSZ + 1
constexpr std::size_t length_size = 2;

bool take(std::vector<int>& ready, int fd) { return std::erase(ready, fd) > 0; }

// As long as milliseconds in an int can be doubled; beyond that the timeout starts anew.
Duration doubled(Duration timeout, std::ptrdiff_t times) {
  constexpr int bits = 31;
  const auto base = floor<milliseconds>(timeout).count();
  return times <= bits && (base >> (bits - times)) == 0 ? timeout * (std::int64_t{1} << times) : timeout;
}

}  // namespace

OldChannel::OldChannel(posix::Posix& os, const Config& config) : os_(os), config_(config) {
  for (const Endpoint server : config.servers)
    servers_.push_back({.address = server, .tcp_generation = ++tcp_generation_});
}

OldChannel::Query* OldChannel::find(std::uint16_t id) {
  const auto it = std::ranges::find(queries_, id, &Query::id);
  return it == queries_.end() ? nullptr : &*it;
}

posix::Task<int> OldChannel::query(std::string name, std::uint16_t type, Callback callback) {
  if (name.ends_with('.')) name.pop_back();
  Query query{.question = {.name = std::move(name), .type = type},
              .callback = std::move(callback),
              .server = next_first_server_,
              .paths = std::vector<Path>(servers_.size()),
              .using_tcp = config_.use_tcp};
  do query.id = static_cast<std::uint16_t>(os_.random());
  while (find(query.id));
  query.message = dns::encode_query(query.id, query.question);
  if (config_.rotate) next_first_server_ = (next_first_server_ + 1) % servers_.size();
  const std::uint16_t id = query.id;
  queries_.push_back(std::move(query));
  co_return co_await send(id, os_.now());
}

// --- one turn of the loop

posix::Task<OldChannel::Ready> OldChannel::select() {
  std::vector<posix::PollFd> fds;
  for (const Server& server : servers_) {
    if (server.udp >= 0 && !queries_.empty()) fds.push_back({.fd = server.udp, .events = POLLIN});
    const int output = server.requests.empty() ? 0 : POLLOUT;
    if (server.tcp >= 0) fds.push_back({.fd = server.tcp, .events = static_cast<short>(POLLIN | output)});
  }
  std::optional<Duration> wait;
  const auto now = floor<microseconds>(os_.now());
  for (const Query& query : queries_)
    if (query.timeout) {
      const auto left = std::max<Duration>(floor<milliseconds>(*query.timeout - now), Duration(0));
      wait = wait ? std::min(*wait, left) : left;
    }
  co_await os_.poll(fds, wait);
  Ready ready;
  for (const auto& fd : fds) {
    if ((fd.revents & (POLLIN | POLLHUP | POLLERR)) != 0) ready.to_read.push_back(fd.fd);
    if ((fd.events & POLLOUT) != 0 && (fd.revents & (POLLOUT | POLLERR)) != 0)
      ready.to_write.push_back(fd.fd);
  }
  co_return ready;
}

posix::Task<int> OldChannel::turn() {
  Ready ready = co_await select();
  const auto now = floor<microseconds>(os_.now());
  co_await write_tcp(ready, now);
  co_await read_tcp(ready, now);
  co_await read_udp(ready, now);
  co_await expire(now);
  for (std::size_t i = 0; i < servers_.size(); ++i)
    if (servers_[i].broken) co_await failed(i, now);
  co_return 0;
}

posix::Task<int> OldChannel::write_tcp(Ready& ready, TimePoint now) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[i];
    if (server.requests.empty() || server.tcp < 0 || server.broken) continue;
    if (!take(ready.to_write, server.tcp)) continue;
    dns::Bytes all;
    for (const Request& request : server.requests)
      all.insert(all.end(), request.bytes.begin(), request.bytes.end());
    const auto written = co_await os_.writev(server.tcp, all);
    if (written.ok())
      server.requests.clear();
    else if (written.error != EAGAIN)
      co_await failed(i, now);
  }
  co_return 0;
}

// The length of a message and the message itself, one call a turn.
posix::Task<int> OldChannel::read_tcp(Ready& ready, TimePoint now) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[i];
    if (server.tcp < 0 || server.broken || !take(ready.to_read, server.tcp)) continue;
    const bool in_length = server.length.size() < length_size;
    std::size_t missing = length_size - server.length.size();
    if (!in_length) missing = get_u16(server.length) - server.message.size();
    dns::Bytes bytes(missing);
    const auto got = co_await os_.recvfrom(server.tcp, bytes);
    if (got.value <= 0) {
      if (got.error != EAGAIN) co_await failed(i, now);
      continue;
    }
    bytes.resize(static_cast<std::size_t>(got.value));
    auto& part = in_length ? server.length : server.message;
    part.insert(part.end(), bytes.begin(), bytes.end());
    if (in_length || bytes.size() < missing) continue;
    server.length.clear();
    dns::Bytes message = std::exchange(server.message, {});
    co_await answered(std::move(message), i, true, now);
  }
  co_return 0;
}

posix::Task<int> OldChannel::read_udp(Ready& ready, TimePoint now) {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    Server& server = servers_[i];
    if (server.udp < 0 || server.broken || !take(ready.to_read, server.udp)) continue;
    for (;;) {
      posix::Result got;  // of a socket that an answer's consequences have closed: nothing
      dns::Bytes message(udp_buffer);
      if (server.udp >= 0) got = co_await os_.recvfrom(server.udp, message);
      if (!got.ok() && got.error == EAGAIN) break;
      if (got.value <= 0) {
        co_await failed(i, now);
        break;
      }
      message.resize(static_cast<std::size_t>(got.value));
      co_await answered(std::move(message), i, false, now);
    }
  }
  co_return 0;
}

// By the second in which their time is up, as the channel's table keeps them.
posix::Task<int> OldChannel::expire(TimePoint now) {
  std::vector<std::pair<TimePoint, std::uint16_t>> due;
  for (const Query& query : queries_)
    if (query.timeout && *query.timeout <= now) due.emplace_back(floor<seconds>(*query.timeout), query.id);
  std::ranges::stable_sort(due, {}, &std::pair<TimePoint, std::uint16_t>::first);
  for (const auto& [second, id] : due) {
    Query* query = find(id);
    if (!query) continue;
    query->error = Status::etimeout;
    co_await next_server(id, now);
  }
  co_return 0;
}

// --- a query's way

posix::Task<int> OldChannel::send(std::uint16_t id, TimePoint now) {
  Query& query = *find(id);
  Server& server = servers_[query.server];
  bool sent = true;
  if (query.using_tcp) {
    if (server.tcp < 0) sent = co_await open_tcp(server);
    if (sent) {
      server.requests.push_back({.bytes = dns::framed(query.message), .query = id});
      query.paths[query.server].tcp_generation = server.tcp_generation;
    }
  } else {
    if (server.udp < 0) sent = co_await open_udp(server);
    if (sent) sent = (co_await os_.send(server.udp, query.message)).ok();
  }
  if (!sent) {
    skip(query, query.server);
    co_return co_await next_server(id, now);
  }
  query.timeout = floor<microseconds>(now) + doubled(config_.timeout, query.tries / std::ssize(servers_));
  for (Server& other : servers_) std::erase(other.queries, id);
  server.queries.push_back(id);
  co_return 0;
}

void OldChannel::skip(Query& query, std::size_t server) {
  if (servers_.size() > 1) query.paths[server].skip = true;
}

posix::Task<int> OldChannel::next_server(std::uint16_t id, TimePoint now) {
  Query& query = *find(id);
  while (++query.tries < std::ssize(servers_) * config_.tries) {
    query.server = (query.server + 1) % servers_.size();
    const Server& server = servers_[query.server];
    const Path& path = query.paths[query.server];
    const bool same_connection = query.using_tcp && path.tcp_generation == server.tcp_generation;
    if (server.broken || path.skip || same_connection) continue;
    co_return co_await send(id, now);
  }
  co_return co_await end(id, query.error, dns::Bytes());
}

posix::Task<int> OldChannel::answered(dns::Bytes message, std::size_t server, bool over_tcp, TimePoint now) {
  const auto header = dns::decode_header(message);
  const auto question = dns::decode_question(message);
  if (!header || !question) co_return 0;
  Query* query = find(header->id);
  const bool asked = query && dns::same_name(question->name, query->question.name) &&
                     question->type == query->question.type && question->klass == query->question.klass;
  if (!asked) co_return 0;
  if ((header->truncated() || message.size() > dns::classic_udp_limit) && !over_tcp) {
    if (std::exchange(query->using_tcp, true)) co_return 0;
    co_return co_await send(header->id, now);
  }
  const auto rcode = header->rcode();
  if (rcode == dns::servfail || rcode == dns::notimp || rcode == dns::refused) {
    skip(*query, server);
    if (query->server == server) co_await next_server(header->id, now);
    co_return 0;
  }
  co_return co_await end(header->id, meaning_of(*header), std::move(message));
}

posix::Task<int> OldChannel::failed(std::size_t server, TimePoint now) {
  co_await close_sockets(servers_[server]);
  const auto waiting = std::exchange(servers_[server].queries, {});
  for (const std::uint16_t id : waiting) {
    if (Query* query = find(id)) {
      skip(*query, server);
      co_await next_server(id, now);
    }
  }
  co_return 0;
}

posix::Task<int> OldChannel::end(std::uint16_t id, Status status, dns::Bytes answer) {
  // What still waits for a connection is left to go out if there was an answer; else that connection is
  // not worth waiting for.
  for (Server& server : servers_)
    for (Request& request : server.requests)
      if (request.query == id) {
        request.query.reset();
        if (answer.empty()) server.broken = true;
      }
  const Callback callback = std::move(find(id)->callback);
  for (Server& server : servers_) std::erase(server.queries, id);
  co_await callback(status, std::move(answer));
  std::erase_if(queries_, [id](const Query& query) { return query.id == id; });
  if (queries_.empty())
    for (Server& server : servers_) co_await close_sockets(server);
  co_return 0;
}

// --- sockets

posix::Task<bool> OldChannel::open_tcp(Server& server) {
  const auto opened = co_await os_.socket(Transport::tcp, true, version_of(server.address.address));
  if (!opened.ok()) co_return false;
  const int fd = static_cast<int>(opened.value);
  co_await os_.setsockopt(fd, posix::Syscall::Option::nodelay);
  const auto connected = co_await os_.connect(fd, server.address);
  if (!connected.ok() && connected.error != EINPROGRESS) {
    co_await os_.close(fd);
    co_return false;
  }
  server.tcp = fd;
  server.tcp_generation = ++tcp_generation_;
  co_return true;
}

posix::Task<bool> OldChannel::open_udp(Server& server) {
  const auto opened = co_await os_.socket(Transport::udp, true, version_of(server.address.address));
  if (!opened.ok()) co_return false;
  const int fd = static_cast<int>(opened.value);
  if (!(co_await os_.connect(fd, server.address)).ok()) {
    co_await os_.close(fd);
    co_return false;
  }
  server.udp = fd;
  co_return true;
}

posix::Task<int> OldChannel::close_sockets(Server& server) {
  server.requests.clear();
  server.length.clear();
  server.message.clear();
  server.broken = false;
  if (server.tcp >= 0) {
    co_await os_.close(std::exchange(server.tcp, -1));
    server.tcp_generation = ++tcp_generation_;
  }
  if (server.udp >= 0) co_await os_.close(std::exchange(server.udp, -1));
  co_return 0;
}

}  // namespace hanglab::resolvers::cares
