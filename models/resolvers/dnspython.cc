#include "models/resolvers/dnspython.hh"

#include <algorithm>
#include <chrono>

#include "core/dns.hh"
#include "models/resolvers/dnspython_config.hh"
#include "models/resolvers/dnspython_query.hh"

namespace hanglab::resolvers::dnspython {

namespace {

using namespace std::chrono_literals;

// From the call to a datagram that may not leave: 0.77 ms on a machine with 2 cores, the median of nine
// lookups.
constexpr Duration start_time = 750us;
constexpr Duration lifetime = 5s;
constexpr Duration first_backoff = 100ms;
constexpr Duration longest_backoff = 2s;

class Resolution {
 public:
  Resolution(posix::Posix& os, const Config& config, dns::Question question)
      : os_(os),
        config_(config),
        query_(os, std::move(question), config.edns0),
        nameservers_(config.nameservers) {
    if (!config.rotate) return;
    for (std::size_t i = nameservers_.size(); i > 1; --i)
      std::swap(nameservers_[i - 1], nameservers_[os.random() % i]);
  }

  posix::Task<Answer> run() {
    const TimePoint start = os_.now();
    std::vector<Nameserver> round = nameservers_;
    Duration backoff = first_backoff;
    Nameserver server;
    for (bool retry_with_tcp = false;;) {
      const bool over_tcp = retry_with_tcp;
      if (!retry_with_tcp) {
        if (round.empty()) {
          if (nameservers_.empty()) co_return Answer{.error = "NoNameservers"};
          round = nameservers_;
          co_await os_.poll({}, backoff);  // time.sleep
          backoff = std::min(2 * backoff, longest_backoff);
        }
        server = round.front();
        round.erase(round.begin());
      }
      const Duration elapsed = os_.now() - start;
      if (elapsed >= lifetime) co_return Answer{.error = "LifetimeTimeout"};
      const TimePoint expiration = os_.now() + std::min(lifetime - elapsed, config_.timeout);
      auto asking = query_.ask(server, over_tcp, expiration);
      const Response response = co_await std::move(asking);
      retry_with_tcp = response.exchange == Exchange::truncated;
      if (response.exchange == Exchange::answered) {
        const auto rcode = response.message.header.rcode();
        if (rcode == dns::noerror) co_return answer_in(response.message);
        if (rcode == dns::nxdomain) co_return Answer{.error = "NXDOMAIN"};
        if (rcode == yxdomain) co_return Answer{.error = "YXDOMAIN"};
      }
      if (response.exchange == Exchange::answered || response.exchange == Exchange::no_good)
        nameservers_.erase(std::ranges::find(nameservers_, server));
    }
  }

 private:
  static constexpr auto yxdomain = static_cast<dns::Rcode>(6);

  // An RRset is a set. Whose the records are is not looked at: the lab's servers send none but the name's and
  // those at the end of its CNAME chain.
  Answer answer_in(const dns::Message& message) const {
    Answer answer;
    for (const dns::Record& record : message.answers) {
      if (record.type != query_.question().type) continue;
      const auto address = dns::address_of(record);
      if (address && std::ranges::find(answer.addresses, *address) == answer.addresses.end())
        answer.addresses.push_back(*address);
    }
    if (answer.addresses.empty()) answer.error = "NoAnswer";
    return answer;
  }

  posix::Posix& os_;
  const Config& config_;
  Query query_;
  std::vector<Nameserver> nameservers_;  // but for those that are no good
};

}  // namespace

posix::Task<Answer> resolve_2_3(posix::Posix& os, Environment environment, std::string name, Family family) {
  const Config config = read_config(environment.resolv_conf_text);
  if (config.nameservers.empty()) co_return Answer{.error = "NoResolverConfiguration"};
  co_await os.work(start_time, 0);
  if (name.ends_with('.')) name.pop_back();
  Resolution resolution(
      os, config, {.name = std::move(name), .type = family == Family::inet6 ? dns::type_aaaa : dns::type_a});
  co_return co_await resolution.run();
}

}  // namespace hanglab::resolvers::dnspython
