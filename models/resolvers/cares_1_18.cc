#include "models/resolvers/cares_1_18.hh"

#include <algorithm>
#include <sstream>
#include <utility>

#include "models/resolvers/cares_addresses.hh"
#include "models/resolvers/cares_channel_1_18.hh"

namespace hanglab::resolvers::cares {

namespace {

constexpr std::uint16_t service_port = 3268;

bool wanted(const IpAddress& address, Family family) {
  return family == Family::unspec || std::holds_alternative<Ipv4Address>(address) == (family == Family::inet);
}

class AddressLookup {
 public:
  AddressLookup(posix::Posix& os, const Environment& environment, std::string name, Family family)
      : os_(os),
        environment_(environment),
        config_(read_config_1_18(environment.resolv_conf_text, environment.nss_hosts, environment.hostname)),
        channel_(os, config_),
        name_(std::move(name)),
        family_(family),
        lookups_left_(config_.lookups) {}

  posix::Task<Answer> run() {
    if (take_literal()) co_return Answer{.addresses = addresses_};
    co_await next_lookup(Status::econnrefused);
    while (!status_) co_await channel_.turn();
    if (*status_ != Status::success) co_return Answer{.error = "ARES_" + name_of(*status_)};
    co_return Answer{.addresses = std::move(addresses_)};
  }

 private:
  // fake_addrinfo: whether the name is an address and nothing is left to do. Of an IPv4 address where IPv6
  // would do as well 1.18.1 keeps the address, forgets that it was one, and looks the name up all the same.
  bool take_literal() {
    const auto v4 = parse_ipv4(name_);
    if (v4) addresses_.emplace_back(*v4);
    if (family_ == Family::inet) return v4.has_value();
    const auto v6 = parse_ipv6(name_);
    if (v6) addresses_.emplace_back(*v6);
    return v6.has_value();
  }

  posix::Task<int> next_lookup(Status status) {
    for (; !lookups_left_.empty(); lookups_left_.erase(0, 1)) {
      const bool in_dns = lookups_left_[0] == 'b';
      if (!in_dns && look_in_hosts_file()) co_return co_await end(Status::success);
      if (!in_dns || name_ == "localhost") continue;
      const bool asked = co_await ask_for_next_name();
      if (asked) co_return 0;
    }
    co_return co_await end(status);
  }

  bool look_in_hosts_file() {
    std::vector<IpAddress> found;
    std::istringstream lines{std::string(environment_.etc_hosts)};
    for (std::string line; std::getline(lines, line);) {
      std::istringstream words(line.substr(0, line.find('#')));
      std::string text;
      words >> text;
      bool named = false;
      for (std::string alias; words >> alias;) named = named || dns::same_name(alias, name_);
      const auto address = parse_ip(text);
      if (named && address && wanted(*address, family_)) found.push_back(*address);
    }
    if (found.empty() && name_ == "localhost") {
      if (family_ != Family::inet) found.push_back(*parse_ip("::1"));
      if (family_ != Family::inet6) found.push_back(*parse_ip("127.0.0.1"));
    }
    addresses_.insert(addresses_.end(), found.begin(), found.end());
    return !found.empty();
  }

  // The name as it is comes first with enough dots, else last; with a final dot it is the only one.
  std::optional<std::string> next_name() {
    const bool absolute = name_.ends_with('.');
    const bool as_it_is_first = absolute || std::ranges::count(name_, '.') >= config_.ndots;
    if (!std::exchange(begun_, true) && as_it_is_first) return name_;
    if (next_domain_ < config_.search.size() && !absolute)
      return name_ + '.' + config_.search[next_domain_++];
    if (next_domain_++ == config_.search.size() && !as_it_is_first) return name_;
    return {};
  }

  posix::Task<bool> ask_for_next_name() {
    const auto name = next_name();
    if (!name) co_return false;
    std::vector<std::uint16_t> types;
    if (family_ != Family::inet6) types.push_back(dns::type_a);
    if (family_ != Family::inet) types.push_back(dns::type_aaaa);
    queries_left_ += types.size();
    for (const std::uint16_t type : types) {
      OldChannel::Callback callback = [this](Status status, dns::Bytes answer) {
        return query_ended(status, std::move(answer));
      };
      co_await channel_.query(*name, type, std::move(callback));
    }
    co_return true;
  }

  // host_callback: the last query to end decides, unless there are addresses by then.
  posix::Task<int> query_ended(Status status, dns::Bytes answer) {
    --queries_left_;
    auto parsed = Status::success;
    if (status == Status::success) parsed = append_addresses(answer, addresses_);
    if (queries_left_ > 0) co_return 0;
    if (parsed != Status::success && parsed != Status::enodata) co_return co_await end(parsed);
    if (!addresses_.empty()) co_return co_await end(Status::success);
    const bool no_data = status == Status::enodata || parsed == Status::enodata;
    if (status != Status::enotfound && !no_data) co_return co_await end(status);
    no_data_seen_ = no_data_seen_ || no_data;
    co_return co_await next_lookup(no_data_seen_ ? Status::enodata : status);
  }

  posix::Task<int> end(Status status) {
    if (status == Status::success) co_await sort();
    status_ = status;
    co_return 0;
  }

  // Those with a route first; finding out sends nothing.
  posix::Task<int> sort() {
    std::vector<IpAddress> reachable;
    std::vector<IpAddress> others;
    for (const IpAddress& address : addresses_) {
      bool connected = false;
      if (const auto* v4 = std::get_if<Ipv4Address>(&address)) {  // another would need an IPv6 socket
        const auto fd = static_cast<int>((co_await os_.socket(Transport::udp, false)).value);
        connected = (co_await os_.connect(fd, {*v4, service_port})).ok();
        if (connected) co_await os_.getsockname(fd);
        co_await os_.close(fd);
      }
      (connected ? reachable : others).push_back(address);
    }
    addresses_ = std::move(reachable);
    addresses_.insert(addresses_.end(), others.begin(), others.end());
    co_return 0;
  }

  posix::Posix& os_;
  const Environment& environment_;
  Config config_;
  OldChannel channel_;
  std::string name_;
  Family family_;
  std::string lookups_left_;
  bool begun_ = false;           // with DNS
  std::size_t next_domain_ = 0;  // of the search list
  std::size_t queries_left_ = 0;
  bool no_data_seen_ = false;
  std::vector<IpAddress> addresses_{};
  std::optional<Status> status_{};
};

}  // namespace

posix::Task<Answer> getaddrinfo_1_18(posix::Posix& os, Environment environment, std::string name,
                                     Family family) {
  if (name.ends_with(".onion") || name.ends_with(".onion.")) co_return Answer{.error = "ARES_ENOTFOUND"};
  AddressLookup lookup(os, environment, std::move(name), family);
  co_return co_await lookup.run();
}

}  // namespace hanglab::resolvers::cares
