#include "models/resolvers/cares_channel_1_34.hh"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <tuple>
#include <utility>

#include "core/big_endian.hh"
#include "models/resolvers/cares_addresses.hh"

namespace hanglab::resolvers::cares {

namespace {

using std::chrono::duration_cast;
using std::chrono::floor;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr milliseconds least_timeout{250};
constexpr milliseconds most_timeout{5000};  // before it doubles
constexpr std::size_t read_size = 65535;
constexpr std::size_t length_size = 2;

bool would_block(int error) { return error == EAGAIN || error == EINPROGRESS; }

}  // namespace

NewChannel::NewChannel(posix::Posix& os, const Config& config) : os_(os), config_(config) {
  for (const Endpoint address : config.servers)
    servers_.push_back({.address = address, .index = servers_.size()});
}

NewChannel::Connection* NewChannel::find(int fd) {
  const auto it = std::ranges::find(connections_, fd, &Connection::fd);
  return it == connections_.end() ? nullptr : &*it;
}

NewChannel::Server& NewChannel::server(std::size_t index) {
  return *std::ranges::find(servers_, index, &Server::index);
}

posix::Task<int> NewChannel::query(std::string name, std::uint16_t type) {
  id_ = static_cast<std::uint16_t>(os_.random());
  if (name.ends_with('.')) name.pop_back();
  question_ = {.name = std::move(name), .type = type};
  message_ = dns::encode_query(id_, question_);
  using_tcp_ = config_.use_tcp;
  co_return co_await send(floor<microseconds>(os_.now()));
}

posix::Task<int> NewChannel::process(int fd, bool readable, bool writable) {
  const auto now = floor<microseconds>(os_.now());
  if (Connection* connection = find(fd); connection && writable) co_await write(*connection);
  if (Connection* connection = find(fd); connection && readable) co_await read(*connection, now);
  while (times_out_ && *times_out_ <= now) {
    server_failed(find(waits_on_)->server);
    co_await requeue(now, Status::etimeout);
  }
  co_return co_await close_idle();
}

// --- the query's way

std::size_t NewChannel::choose_server() {
  if (!config_.rotate) return servers_.front().index;
  const auto best = std::ranges::count(servers_, servers_.front().failures, &Server::failures);
  return servers_[os_.random() % static_cast<std::size_t>(best)].index;
}

void NewChannel::server_failed(std::size_t index) {
  ++server(index).failures;
  std::ranges::sort(servers_, {}, [](const Server& s) { return std::tuple(s.failures, s.index); });
}

Duration NewChannel::timeout() {
  const auto first = std::clamp(duration_cast<milliseconds>(config_.timeout), least_timeout, most_timeout);
  const auto rounds = tries_ / std::ssize(servers_);
  if (rounds == 0) return first;
  const auto longest = first.count() << rounds;
  const auto drawn = static_cast<std::uint16_t>(os_.random());
  const float off = static_cast<float>(drawn) / 65535.0F * 0.5F;
  return std::max(first, milliseconds(longest - static_cast<long>(static_cast<float>(longest) * off)));
}

posix::Task<int> NewChannel::send(TimePoint now) {
  const std::size_t chosen = choose_server();
  Connection* connection = usable_connection(chosen);
  if (!connection) connection = co_await open(chosen);
  if (!connection) {
    server_failed(chosen);
    co_return co_await requeue(now, Status::econnrefused);
  }
  const bool tcp = connection->transport == Transport::tcp;
  connection->output.push_back(tcp ? dns::framed(message_) : message_);
  auto sent = Sent::yes;
  if (!tcp || connection->connected || connection->first_write) sent = co_await flush(*connection);
  if (sent == Sent::refused) {
    co_await connection_failed(connection->fd, Status::econnrefused);
    co_return co_await requeue(now, Status::econnrefused);
  }
  times_out_ = now + timeout();
  waits_on_ = connection->fd;
  co_return 0;
}

posix::Task<int> NewChannel::requeue(TimePoint now, Status status) {
  waits_on_ = -1;
  times_out_.reset();
  if (status != Status::success) error_ = status;
  if (++tries_ < std::ssize(servers_) * config_.tries) co_return co_await send(now);
  end(error_ == Status::success ? Status::etimeout : error_);
  co_return 0;
}

void NewChannel::end(Status status, dns::Bytes answer) {
  waits_on_ = -1;
  times_out_.reset();
  status_ = status;
  answer_ = std::move(answer);
}

// --- connections

NewChannel::Connection* NewChannel::usable_connection(std::size_t index) {
  const auto transport = using_tcp_ ? Transport::tcp : Transport::udp;
  if (!using_tcp_ && server(index).failures > 0) return nullptr;  // another source port may do better
  for (Connection& connection : connections_)
    if (connection.server == index && connection.transport == transport) return &connection;
  return nullptr;
}

posix::Task<NewChannel::Connection*> NewChannel::open(std::size_t index) {
  const auto transport = using_tcp_ ? Transport::tcp : Transport::udp;
  const bool tcp = transport == Transport::tcp;
  const auto opened = co_await os_.socket(transport, true, version_of(server(index).address.address));
  if (!opened.ok()) co_return nullptr;
  const int fd = static_cast<int>(opened.value);
  if (tcp) {
    co_await os_.setsockopt(fd, posix::Syscall::Option::nodelay);
    co_await os_.setsockopt(fd, posix::Syscall::Option::fastopen_connect);
  }
  const auto connected = co_await os_.connect(fd, server(index).address);
  if (!connected.ok() && !would_block(connected.error)) {
    co_await os_.close(fd);
    co_return nullptr;
  }
  co_await os_.getsockname(fd);
  auto& connection =
      *connections_.insert(tcp ? connections_.end() : connections_.begin(),
                           {.fd = fd, .transport = transport, .server = index, .first_write = tcp});
  if (!tcp) watch(connection, POLLIN);
  co_return &connection;
}

void NewChannel::watch(Connection& connection, int events) {
  if (std::exchange(connection.events, static_cast<short>(events)) == events) return;
  stop_watching(connection.fd);
  if (events != 0) watched_.push_back({.fd = connection.fd, .events = static_cast<short>(events)});
}

void NewChannel::stop_watching(int fd) {
  std::erase_if(watched_, [fd](const WatchedSocket& socket) { return socket.fd == fd; });
}

posix::Task<NewChannel::Sent> NewChannel::flush(Connection& connection) {
  const bool tcp = connection.transport == Transport::tcp;
  const bool first = std::exchange(connection.first_write, false);
  while (!connection.output.empty()) {
    dns::Bytes bytes = connection.output.front();
    if (tcp)  // all at once
      for (std::size_t i = 1; i < connection.output.size(); ++i)
        bytes.insert(bytes.end(), connection.output[i].begin(), connection.output[i].end());
    const auto written = co_await os_.send(connection.fd, bytes);
    if (!written.ok() && !would_block(written.error)) co_return Sent::refused;
    if (!written.ok()) break;
    connection.output.erase(connection.output.begin(),
                            tcp ? connection.output.end() : std::next(connection.output.begin()));
  }
  const bool more = first || (tcp && !connection.output.empty());
  watch(connection, more ? POLLIN | POLLOUT : POLLIN);
  co_return Sent::yes;
}

posix::Task<int> NewChannel::write(Connection& connection) {
  if (!connection.first_write) connection.connected = true;
  const Sent sent = co_await flush(connection);
  if (sent == Sent::refused) co_await connection_failed(connection.fd, Status::econnrefused);
  co_return 0;
}

posix::Task<int> NewChannel::read(Connection& connection, TimePoint now) {
  const bool tcp = connection.transport == Transport::tcp;
  for (;;) {
    dns::Bytes bytes(read_size);
    const auto got = co_await os_.recvfrom(connection.fd, bytes);
    if (!got.ok() && would_block(got.error)) break;
    if (!got.ok() || (tcp && got.value == 0))
      co_return co_await connection_failed(connection.fd, Status::econnrefused);
    connection.connected = true;
    bytes.resize(static_cast<std::size_t>(got.value));
    const auto message = tcp ? bytes : dns::framed(bytes);
    connection.input.insert(connection.input.end(), message.begin(), message.end());
    if (tcp && bytes.size() < read_size) break;
  }
  co_return co_await take_answers(connection, now);
}

posix::Task<int> NewChannel::take_answers(Connection& connection, TimePoint now) {
  dns::Bytes& input = connection.input;
  bool ask_again = false;
  while (input.size() >= length_size) {
    const std::size_t size = get_u16(input);
    if (input.size() < length_size + size) break;
    dns::Bytes answer(input.begin() + length_size, input.begin() + static_cast<long>(length_size + size));
    input.erase(input.begin(), input.begin() + static_cast<long>(length_size + size));
    if (answer.empty()) continue;
    const auto message = dns::decode(answer);
    if (!message) {
      co_await connection_failed(connection.fd, Status::ebadresp);
      break;
    }
    const bool asked = !ended() && message->header.id == id_ && message->questions.size() == 1 &&
                       message->questions[0].type == question_.type &&
                       dns::same_name(message->questions[0].name, question_.name);
    if (!asked) continue;
    waits_on_ = -1;
    times_out_.reset();
    if (message->header.truncated() && connection.transport == Transport::udp) {
      using_tcp_ = true;
      ask_again = true;
      continue;
    }
    server(connection.server).failures = 0;
    std::ranges::sort(servers_, {}, [](const Server& s) { return std::tuple(s.failures, s.index); });
    ask_again = false;
    end(meaning_of(message->header), std::move(answer));
  }
  if (ask_again) co_await send(now);
  co_return 0;
}

posix::Task<int> NewChannel::connection_failed(int fd, Status status) {
  server_failed(find(fd)->server);
  const bool waiting = waits_on_ == fd;
  std::list<Connection> closing;
  closing.splice(closing.begin(), connections_, std::ranges::find(connections_, fd, &Connection::fd));
  if (waiting) co_await requeue(floor<microseconds>(os_.now()), status);
  watch(closing.front(), 0);
  co_await os_.close(fd);
  co_return 0;
}

posix::Task<int> NewChannel::close_idle() {
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = *it++;
    if (connection.fd == waits_on_) continue;
    const int fd = connection.fd;
    watch(connection, 0);
    std::erase_if(connections_, [fd](const Connection& c) { return c.fd == fd; });
    co_await os_.close(fd);
  }
  co_return 0;
}

}  // namespace hanglab::resolvers::cares
