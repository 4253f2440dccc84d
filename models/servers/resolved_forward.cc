#include "models/servers/resolved_forward.hh"

#include <algorithm>
#include <chrono>

namespace hanglab::servers {

namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t dns_port = 53;
constexpr Duration query_timeout = 120s;  // SD_RESOLVED_QUERY_TIMEOUT_USEC
constexpr Duration grave_kept_for = 5s;   // SOCKET_GRAVEYARD_USEC

constexpr int loopback_mtu = 65536;
constexpr int largest_edns_size = 4096;
constexpr int udp_over_ipv4 = 28;
constexpr int udp_over_ipv6 = 48;

}  // namespace

ResolvedForwarding::ResolvedForwarding(const ResolvedConf& conf, std::uint16_t mtu, ResolvedMemory& memory,
                                       posix::Posix& os, Deliver deliver)
    : conf_(conf),
      mtu_(mtu),
      memory_(memory),
      os_(os),
      deliver_(std::move(deliver)),
      timers_(os, memory.timer_phase),
      stream_of_(conf.servers.size()) {}

// Queries wait for transactions, and these for their connections.
ResolvedForwarding::~ResolvedForwarding() {
  queries_.clear();
  running_.clear();
  streams_.clear();
}

posix::Task<bool> ResolvedForwarding::forward(dns::Bytes query, Client client) {
  clear_away();
  const bool repeated = std::ranges::any_of(
      queries_, [&](const Query& one) { return !one.done && one.client == client && one.message == query; });
  if (repeated) co_return true;
  const auto asked = read_stub_query(query, false);
  ask(queries_.emplace_back(*asked, std::move(query), client));
  co_return true;
}

posix::Task<Answer> ResolvedForwarding::resolve(dns::Bytes query) {
  clear_away();
  const auto asked = read_stub_query(query, true);
  Query& mine = queries_.emplace_back(*asked, std::move(query), std::nullopt);
  struct Withdrawn {
    ResolvedForwarding& forwarding;
    Query& query;
    ~Withdrawn() { forwarding.withdraw(query); }
  } const withdrawn{*this, mine};
  ask(mine);
  while (!mine.done) co_await mine.answered;
  co_return std::move(mine.answer);
}

void ResolvedForwarding::ask(Query& query) {
  query.timer.emplace(time_out(query));
  query.timer->start();
  const auto open = std::ranges::find_if(running_, [&](const Running& one) {
    return !one.transaction->finished() && one.transaction->key() == query.asked.key;
  });
  if (open != running_.end()) {
    query.transaction = open->transaction.get();
    return;
  }
  auto& transaction = running_.emplace_back().transaction;
  transaction = std::make_unique<ResolvedTransaction>(
      os_, timers_, *this, query.asked,
      [this, &transaction](const ResolvedOutcome& outcome) { finished(*transaction, outcome); });
  query.transaction = transaction.get();
  transaction->start();
}

void ResolvedForwarding::finished(const ResolvedTransaction& transaction, const ResolvedOutcome& outcome) {
  std::vector<Query*> asked;  // one that has its answer may leave the list
  for (Query& query : queries_)
    if (!query.done && query.transaction == &transaction) asked.push_back(&query);
  for (Query* query : asked) settle(*query, outcome);
}

void ResolvedForwarding::settle(Query& query, const ResolvedOutcome& outcome) {
  query.done = true;
  query.transaction = nullptr;
  if (!outcome.silent)
    query.answer =
        stub_reply(query.asked, outcome.sections, outcome.rcode, {.authoritative = !outcome.heard});
  if (!query.client)
    query.answered.ring();
  else if (!outcome.silent)
    deliver_(*query.client, query.answer.message);
}

posix::Task<bool> ResolvedForwarding::time_out(Query& query) {
  co_await timers_.sleep_until(os_.now() + query_timeout);
  if (query.done) co_return false;
  for (Running& one : running_)
    if (one.transaction.get() == query.transaction) one.for_the_cache = true;
  settle(query, {.silent = true});
  co_return true;
}

// Its client has gone.
void ResolvedForwarding::withdraw(Query& query) {
  const ResolvedTransaction* const transaction = query.transaction;
  std::erase_if(queries_, [&query](const Query& one) { return &one == &query; });
  const bool wanted = std::ranges::any_of(
      queries_, [&](const Query& one) { return !one.done && one.transaction == transaction; });
  if (transaction == nullptr || wanted) return;
  const auto running = std::ranges::find_if(
      running_, [&](const Running& one) { return one.transaction.get() == transaction; });
  if (running == running_.end() || running->for_the_cache) return;
  if (const int fd = transaction->open_socket(); fd >= 0) graves_.emplace_back(os_.now(), fd);
  running_.erase(running);
}

void ResolvedForwarding::clear_away() {
  std::erase_if(queries_, [](const Query& one) { return one.done && one.client; });
  std::erase_if(running_, [](const Running& one) { return one.transaction->at_rest(); });
  std::erase_if(streams_, [](const auto& stream) { return stream->at_rest(); });
}

void ResolvedForwarding::leave(std::size_t server) {
  if (memory_.present != server) return;
  const std::size_t next = (server + 1) % count();
  if (next == server) return;
  memory_.present = next;
  memory_.cache.flush();
}

Endpoint ResolvedForwarding::endpoint(std::size_t server) const {
  return {.address = conf_.servers[server], .port = dns_port};
}

std::uint16_t ResolvedForwarding::edns_size(std::size_t server) const {
  const IpAddress& address = conf_.servers[server];
  const int headers = is_ipv6(address) ? udp_over_ipv6 : udp_over_ipv4;
  if (is_loopback(address)) return static_cast<std::uint16_t>(loopback_mtu - headers);
  constexpr int least = static_cast<int>(dns::classic_udp_limit);
  return static_cast<std::uint16_t>(std::clamp(mtu_ - headers, least, largest_edns_size));
}

FeatureLevel ResolvedForwarding::level(std::size_t server) {
  auto& upstream = memory_.upstreams[server];
  if (upstream.resumes(os_.now())) memory_.cache.flush();
  return upstream.level();
}

ResolvedStream& ResolvedForwarding::stream(std::size_t server, bool& is_new) {
  is_new = stream_of_[server] == nullptr;
  if (is_new) {
    streams_.push_back(std::make_unique<ResolvedStream>(
        os_, timers_, endpoint(server),
        [this, server](int error, const StreamUser* user) { stream_ended(server, error, user); }));
    stream_of_[server] = streams_.back().get();
  }
  return *stream_of_[server];
}

// That it was lost counts once, whoever used it, and not where the server closed it.
void ResolvedForwarding::stream_ended(std::size_t server, int error, const StreamUser* user) {
  if (stream_of_[server] != nullptr && stream_of_[server]->ended()) stream_of_[server] = nullptr;
  if (user != nullptr && is_disconnect(error) && error != ECONNRESET)
    memory_.upstreams[server].lost(Transport::tcp, user->level());
}

std::uint16_t ResolvedForwarding::new_id() {
  for (;;) {
    const auto id = static_cast<std::uint16_t>(os_.random());
    const auto has_it = [id](const Running& one) { return one.transaction && one.transaction->id() == id; };
    if (id != 0 && std::ranges::none_of(running_, has_it)) return id;
  }
}

std::optional<ResolvedOutcome> ResolvedForwarding::cached(const ResolvedKey& key) {
  const auto found = memory_.cache.find(key, os_.now(), memory_.random);
  if (!found) return {};
  return ResolvedOutcome{.heard = true, .rcode = found->rcode, .sections = found->sections};
}

void ResolvedForwarding::keep(const ResolvedKey& key, const ResolvedOutcome& outcome, std::size_t server) {
  if (is_loopback(conf_.servers[server]) && !conf_.cache_from_localhost) return;
  memory_.cache.keep(key, outcome.rcode, outcome.sections, os_.now());
}

posix::Task<bool> ResolvedForwarding::bury(int fd) {
  co_await dig_up();
  graves_.emplace_back(os_.now(), fd);
  co_return true;
}

posix::Task<bool> ResolvedForwarding::dig_up() {
  while (!graves_.empty() && os_.now() - graves_.front().first >= grave_kept_for) {
    const int fd = graves_.front().second;
    graves_.pop_front();
    co_await os_.close(fd);
  }
  co_return true;
}

}  // namespace hanglab::servers
