#include "models/resolvers/go.hh"

#include <algorithm>

#include "models/resolvers/go_dns.hh"

namespace hanglab::resolvers::go {

namespace {

constexpr std::uint16_t discard_port = 9;  // of the connect() that finds a source address
const std::string no_such_host = "no such host";
const std::string no_suitable_address = "no suitable address found";

constexpr Version version_1_19{.knows_trust_ad = false,
                               .skips_root_in_search = false,
                               .searches_onion = false,
                               .orders_all = false,
                               .files_say_not_found = false,
                               .takes_truncated_tcp = false,
                               .reads_opt = false};
constexpr Version version_1_26{.knows_trust_ad = true,
                               .skips_root_in_search = true,
                               .searches_onion = true,
                               .orders_all = true,
                               .files_say_not_found = true,
                               .takes_truncated_tcp = true,
                               .reads_opt = true};

bool wanted(const IpAddress& address, Family family) {
  if (family == Family::unspec) return true;
  return std::holds_alternative<Ipv4Address>(address) == (family == Family::inet);
}

std::vector<std::uint16_t> types_for(Family family) {
  if (family == Family::inet) return {dns::type_a};
  if (family == Family::inet6) return {dns::type_aaaa};
  return {dns::type_a, dns::type_aaaa};
}

// All addresses of an answer, whoever owns them: what a CNAME chain says is trusted.
void append_addresses(const dns::Bytes& bytes, std::vector<IpAddress>& addresses) {
  const auto message = dns::decode(bytes);
  if (!message) return;
  for (const dns::Record& record : message->answers) {
    if (const auto address = dns::address_of(record)) addresses.push_back(*address);
  }
}

// The responses, in the order in which they come.
using Lane = std::vector<Response>;

posix::Task<int> ask_into(DnsClient& client, const std::string& name, std::uint16_t type, Lane& lane) {
  lane.push_back(co_await client.ask(name, type));
  co_return 0;
}

posix::Task<Lane> ask_all(posix::Posix& os, DnsClient& client, const Config& config, std::string name,
                          std::vector<std::uint16_t> types) {
  Lane lane;
  if (config.single_request) {
    for (const std::uint16_t type : types) co_await ask_into(client, name, type, lane);
    co_return lane;
  }
  // The last goroutine started runs first, unless another processor takes an earlier one over before: in 40
  // of 60 lookups on two processors, it did.
  if (os.random() % 3 == 0) std::ranges::reverse(types);
  std::vector<posix::Task<int>> goroutines;
  for (const std::uint16_t type : types) goroutines.push_back(ask_into(client, name, type, lane));
  co_await posix::all(std::move(goroutines));
  co_return lane;
}

posix::Task<Answer> ask_dns(posix::Posix& os, const Config& config, const Version& version, std::string name,
                            Family family) {
  if (!is_domain_name(name)) co_return Answer{.error = no_such_host};
  DnsClient client(os, config, version);
  Answer answer;
  for (const std::string& full_name : name_list(config, name, version)) {
    const Lane lane = co_await ask_all(os, client, config, full_name, types_for(family));
    for (const Response& response : lane) {
      if (response.ok())
        append_addresses(response.message, answer.addresses);
      else if (answer.error.empty() ||
               full_name == name + '.')  // the error of the name as given is preferred
        answer.error = response.error;
    }
    if (answer.addresses.empty()) continue;
    answer.error.clear();
    break;
  }
  co_return answer;
}

// Finds each address's source address by a connected datagram socket each: nothing is sent. Of IPv4
// addresses alone those without a route come last, which changes no hang.
posix::Task<int> sort_addresses(posix::Posix& os, const std::vector<IpAddress>& addresses) {
  if (addresses.size() < 2) co_return 0;
  for (const IpAddress& address : addresses) {
    const auto* v4 = std::get_if<Ipv4Address>(&address);
    if (!v4) continue;  // would need an IPv6 socket
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, true)).value);
    co_await os.setsockopt(fd, posix::Syscall::Option::broadcast);
    const auto connected = co_await os.connect(fd, {*v4, discard_port});
    if (connected.ok()) co_await os.getsockname(fd);
    co_await os.close(fd);
  }
  co_return 0;
}

posix::Task<Answer> lookup(posix::Posix& os, const Version& version, Environment environment,
                           std::string name, Family family) {
  if (const auto literal = parse_ip(name)) {
    if (!wanted(*literal, family)) co_return Answer{.error = no_suitable_address};
    co_return Answer{.addresses = {*literal}};
  }
  const Config config = read_config(environment.resolv_conf_text, environment.hostname, version);
  const Order order = lookup_order(config, environment.nss_hosts, name, environment.hostname, version);
  Answer answer;
  if (order == Order::files_dns || order == Order::files)
    answer.addresses = static_addresses(environment.etc_hosts, name);
  // LookupHost alone returns what /etc/hosts says as it is.
  bool sorted = family == Family::unspec;
  if (answer.addresses.empty() && order != Order::files) {
    answer = co_await ask_dns(os, config, version, name, family);
    sorted = false;
    if (answer.addresses.empty() && order == Order::dns_files)
      answer.addresses = static_addresses(environment.etc_hosts, name);
    if (!answer.addresses.empty()) answer.error.clear();
  }
  if (order == Order::files && answer.addresses.empty() && version.files_say_not_found)
    answer.error = no_such_host;
  if (!sorted) co_await sort_addresses(os, answer.addresses);
  if (!answer.error.empty() || family == Family::unspec) co_return answer;
  std::erase_if(answer.addresses, [&](const IpAddress& address) { return !wanted(address, family); });
  if (answer.addresses.empty()) answer.error = no_suitable_address;
  co_return answer;
}

}  // namespace

posix::Task<Answer> lookup_1_19(posix::Posix& os, Environment environment, std::string name, Family family) {
  return lookup(os, version_1_19, environment, std::move(name), family);
}

posix::Task<Answer> lookup_1_26(posix::Posix& os, Environment environment, std::string name, Family family) {
  return lookup(os, version_1_26, environment, std::move(name), family);
}

}  // namespace hanglab::resolvers::go
