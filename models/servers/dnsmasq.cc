#include "models/servers/dnsmasq.hh"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "models/servers/dnsmasq_answers.hh"
#include "models/servers/dnsmasq_forward_tcp.hh"
#include "models/servers/dnsmasq_forward_udp.hh"
#include "models/servers/dnsmasq_relay.hh"

namespace hanglab::servers {

namespace {

using namespace std::chrono_literals;

// src/config.h of both versions.
constexpr int most_queries_a_connection = 100;  // TCP_MAX_QUERIES
constexpr int tcp_backlog = 32;                 // TCP_BACKLOG
constexpr Duration child_lifetime = 150s;       // CHILD_LIFETIME, an alarm(2) that nothing renews

// The buffer for a TCP answer, although a length prefix counts to 65535 only.
constexpr std::size_t largest_tcp_answer = 65536;

// From the first query's arrival to its answer 2.1 ms passed in the median of 1,000 connections, on a
// machine of two cores with little else to do. What the answer itself takes is in dnsmasq_answers.cc; the
// rest is fork(2), the child's first steps, and its parent waiting for them.
constexpr Duration fork_time = 1700us;

// RFC 8914 info codes for a name that cannot be read: 2.90 notices over UDP only.
constexpr std::uint16_t invalid_data = 24;
constexpr std::uint16_t not_ready = 14;

// A child process, and what it inherited. What it learns for the cache it tells its parent through a pipe.
class Connection : public TcpSession {
 public:
  Connection(std::shared_ptr<const DnsmasqAnswers> answers, DnsmasqMemory& parent)
      : answers_(std::move(answers)), parent_(parent), memory_(parent) {}

  Answer answer(dns::ByteView message, TimePoint now) override {
    Answer answer;
    if (message.empty()) {
      answer.close = true;
      return answer;
    }
    const auto query = read_dnsmasq_query(message);
    if (!query) return answer;
    // Once a client has sent an EDNS record, it gets one in every answer on this connection.
    edns_ = edns_ || query->edns;
    answer = answers_->answer(message, *query, memory_, memory_.seconds(now),
                              {.limit = largest_tcp_answer, .edns = edns_, .unreadable = not_ready});
    answer.close = ++queries_ == most_queries_a_connection || (answer.message.empty() && !answer.open);
    return answer;
  }

  posix::Task<Answer> forward(posix::Posix& os, dns::Bytes query) override {
    Answer answer;
    const std::size_t group = *answers_->groups().group_of(read_dnsmasq_query(query)->name);
    dns::Bytes reply = co_await upstreams_.ask(os, *answers_, memory_, group, query);
    answer.close = reply.empty() || queries_ == most_queries_a_connection;
    if (reply.empty()) co_return answer;
    auto relayed = relay(*answers_, query, std::move(reply), memory_.seconds(os.now()));
    memory_.cache.keep(relayed.kept, false);
    parent_.cache.keep(std::move(relayed.kept), true);
    answer.message = std::move(relayed.message);
    co_return answer;
  }

 private:
  std::shared_ptr<const DnsmasqAnswers> answers_;
  DnsmasqMemory& parent_;
  DnsmasqMemory memory_;
  TcpUpstreams upstreams_;
  bool edns_ = false;
  int queries_ = 0;
};

class Dnsmasq : public DnsServer {
 public:
  explicit Dnsmasq(std::shared_ptr<const DnsmasqAnswers> answers)
      : answers_(std::move(answers)), memory_(answers_->fresh_memory()) {}

  Answer answer(dns::ByteView message, TimePoint now) override {
    const std::size_t largest = answers_->options().edns_packet_max;
    if (message.size() > largest) return {};  // recvmsg(2) cut it off
    const auto query = read_dnsmasq_query(message);
    if (!query || query->header.response()) return {};
    std::size_t limit = dns::classic_udp_limit;
    if (query->edns) limit = std::clamp<std::size_t>(query->edns->udp_payload_size, limit, largest);
    return answers_->answer(message, *query, memory_, memory_.seconds(now),
                            {.limit = limit, .edns = query->edns.has_value(), .unreadable = invalid_data});
  }

  std::unique_ptr<TcpSession> accept() override {
    share_pages(memory_.looks);
    return std::make_unique<Connection>(answers_, memory_);
  }

  bool forwards() const override { return !answers_->options().servers.empty(); }

  std::unique_ptr<Forwarding> forwarding(posix::Posix& os, Deliver deliver) override {
    return std::make_unique<DnsmasqForwarding>(*answers_, memory_, os, std::move(deliver));
  }

  TcpService tcp() const override {
    return {.process_per_connection = true,
            .most_connections = answers_->options().max_tcp_connections,
            .backlog = tcp_backlog,
            .accept_time = fork_time,
            .lifetime = child_lifetime,
            .leaves_next_unread = true};
  }

  void restart(Random random) override {
    memory_ = answers_->fresh_memory();
    memory_.phase = Duration(static_cast<Duration::rep>(random.next() % Duration(1s).count()));
  }

 private:
  std::shared_ptr<const DnsmasqAnswers> answers_;
  DnsmasqMemory memory_;
};

}  // namespace

std::unique_ptr<DnsServer> make_dnsmasq(const DnsmasqSetup& setup, std::vector<std::string>& warnings) {
  auto options = parse_dnsmasq_options(setup.version, setup.options, setup.options_at);
  if (!options.no_resolv)
    warnings.push_back(fmt::format(
        "{}: dnsmasq without --no-resolv would ask the servers of its host's resolv.conf; the lab "
        "asks those of --server alone, and without one names that are not local are REFUSED",
        setup.options_at.to_string()));
  std::vector<std::vector<HostLine>> files;
  if (setup.etc_hosts && !options.no_hosts) files.push_back(read_hosts(*setup.etc_hosts, warnings));
  files.push_back(read_hosts(setup.host_file, warnings));
  return std::make_unique<Dnsmasq>(std::make_shared<const DnsmasqAnswers>(std::move(options), files));
}

}  // namespace hanglab::servers
