#include "models/servers/unbound.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "models/servers/unbound_answers.hh"

namespace hanglab::servers {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_message = 65535;
constexpr Duration shortest_timeout = 200ms;  // TCP_QUERY_TIMEOUT_MINIMUM
constexpr int tcp_backlog = 256;              // TCP_BACKLOG

// Measured as unbound_answers.cc says: over TCP 27.4 us with 3 records and 31.5 us with 255, of which UDP
// takes 18.2 us; and 38.4 us where the query was the connection's first.
constexpr Duration tcp_time = 9us;  // more than UDP
constexpr Duration accept_time = 11us;

using Request = UnboundRequest;
using EdnsReply = UnboundEdnsReply;

// The handlers for TCP connections, each with the timeout that it has come down to; the one that was given
// back last is taken first.
class Handlers {
 public:
  Handlers(int count, Duration timeout) : timeouts_(static_cast<std::size_t>(count), timeout) {
    for (std::size_t i = 0; i < timeouts_.size(); ++i) free_.push_back(i);
  }

  std::size_t take() {
    const std::size_t handler = free_.back();
    free_.pop_back();
    const auto used = timeouts_.size() - free_.size();
    const auto usage = used * 100 / timeouts_.size();
    if (usage > 80)
      timeouts_[handler] = Duration(0);
    else if (usage > 65)
      timeouts_[handler] /= 500;
    else if (usage > 50)
      timeouts_[handler] /= 100;
    return handler;
  }
  void give_back(std::size_t handler) { free_.push_back(handler); }
  Duration timeout(std::size_t handler) const { return timeouts_[handler]; }

 private:
  std::vector<Duration> timeouts_;
  std::vector<std::size_t> free_;
};

class Connection : public TcpSession {
 public:
  Connection(const UnboundAnswers& answers, Handlers& handlers, const TimePoint& clock_start)
      : answers_(answers), handlers_(handlers), handler_(handlers.take()), clock_start_(clock_start) {}
  ~Connection() override { handlers_.give_back(handler_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Answer answer(dns::ByteView message, TimePoint now) override {
    auto query = read_unbound_query(message, answers_.conf().harden_large_queries);
    Answer answer;
    if (query.kind == UnboundQuery::Kind::echo) answer = answers_.echo(message, query.rcode);
    if (query.kind == UnboundQuery::Kind::question) answer = answers_.answer(request(query, now));
    answer.service_time += tcp_time;
    answer.close = answer.message.empty();
    return answer;
  }

  std::optional<Duration> idle_timeout(TimePoint /*now*/) const override {
    return std::max(handlers_.timeout(handler_), shortest_timeout);
  }

 private:
  Request request(UnboundQuery& query, TimePoint now) {
    Request request{
        .query = query, .edns = {}, .limit = largest_message, .now = clock_start_ + now.time_since_epoch()};
    if (!query.edns) return request;
    request.edns = EdnsReply{.dnssec_ok = query.edns->dnssec_ok};
    if (!answers_.conf().edns_tcp_keepalive) return request;
    if (!keepalive_ && query.edns->bad_keepalive)
      query.rcode = dns::formerr;
    else
      keepalive_ = keepalive_ || query.edns->asks_for_keepalive;
    if (keepalive_) request.edns->keepalive = handlers_.timeout(handler_);
    return request;
  }

  const UnboundAnswers& answers_;
  Handlers& handlers_;
  std::size_t handler_;
  TimePoint clock_start_;
  bool keepalive_ = false;  // once asked for, every later answer tells the timeout
};

class Unbound : public DnsServer {
 public:
  explicit Unbound(UnboundConf conf) : answers_(std::move(conf)), handlers_(fresh_handlers()) {}

  Answer answer(dns::ByteView message, TimePoint now) override {
    const auto query = read_unbound_query(message, answers_.conf().harden_large_queries);
    if (query.kind == UnboundQuery::Kind::silence) return {};
    if (query.kind == UnboundQuery::Kind::echo) return answers_.echo(message, query.rcode);
    Request request{.query = query,
                    .edns = {},
                    .limit = dns::classic_udp_limit,
                    .now = clock_start_ + now.time_since_epoch()};
    if (query.edns) {
      request.edns = EdnsReply{.dnssec_ok = query.edns->dnssec_ok};
      request.limit = query.edns->udp_payload_size;
      if (answers_.conf().harden_short_bufsize)
        request.limit = std::max(request.limit, dns::classic_udp_limit);
    }
    request.limit = std::min<std::size_t>(request.limit, answers_.conf().max_udp_size);
    return answers_.answer(request);
  }

  std::unique_ptr<TcpSession> accept() override {
    return std::make_unique<Connection>(answers_, handlers_, clock_start_);
  }

  TcpService tcp() const override {
    return {.most_connections = answers_.conf().incoming_num_tcp,
            .backlog = tcp_backlog,
            .accept_time = accept_time};
  }

  void restart(Random random) override {
    handlers_ = fresh_handlers();
    constexpr std::uint64_t century = 100ull * 365 * 86400;
    clock_start_ = TimePoint(std::chrono::seconds(random.below(century)));
  }

 private:
  Handlers fresh_handlers() const {
    const UnboundConf& conf = answers_.conf();
    return {conf.incoming_num_tcp,
            conf.edns_tcp_keepalive ? conf.edns_tcp_keepalive_timeout : conf.tcp_idle_timeout};
  }

  UnboundAnswers answers_;
  Handlers handlers_;
  TimePoint clock_start_{};  // what the clock of the host says when the run's time is 0
};

}  // namespace

std::unique_ptr<DnsServer> make_unbound(const UnboundSetup& setup) {
  if (setup.version != "1.17")
    throw InputError(setup.version_at, fmt::format("unbound {} is not modelled; 1.17 is", setup.version));
  return std::make_unique<Unbound>(parse_unbound_conf(setup.config, setup.ipv4, setup.ipv6));
}

}  // namespace hanglab::servers
