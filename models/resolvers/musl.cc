#include "models/resolvers/musl.hh"

#include <algorithm>
#include <sstream>

#include "models/resolvers/musl_dns.hh"

namespace hanglab::resolvers::musl {

namespace {

constexpr std::uint16_t sorting_port = 65535;
constexpr std::size_t longest_name = 254;

bool wanted(const IpAddress& address, Family family) {
  if (family == Family::unspec) return true;
  return std::holds_alternative<Ipv4Address>(address) == (family == Family::inet);
}

// The name has to stand there letter by letter. With addresses of another family only, that is the answer.
Answer ask_hosts_file(const Version& version, std::string_view text, const std::string& name, Family family) {
  Answer answer;
  bool other_family = false;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line) && answer.addresses.size() < most_addresses;) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string first;
    words >> first;
    bool named = false;
    for (std::string alias; words >> alias;) named = named || alias == name;
    const auto address = named ? parse_ip(first) : std::nullopt;
    if (!address) continue;
    if (wanted(*address, family))
      answer.addresses.push_back(*address);
    else
      other_family = true;
  }
  if (answer.addresses.empty() && other_family) answer.error = version.no_address;
  return answer;
}

// Finds each address's source address by connecting a datagram socket to it: nothing is sent.
posix::Task<int> sort_addresses(posix::Posix& os, const std::vector<IpAddress>& addresses) {
  for (const IpAddress& address : addresses) {
    const auto* v4 = std::get_if<Ipv4Address>(&address);
    if (!v4) continue;  // would need an IPv6 socket
    const int fd = static_cast<int>((co_await os.socket(Transport::udp, false)).value);
    const auto connected = co_await os.connect(fd, {*v4, sorting_port});
    if (connected.ok()) co_await os.getsockname(fd);
    co_await os.close(fd);
  }
  co_return 0;
}

posix::Task<Answer> getaddrinfo(posix::Posix& os, const Version& version, Environment environment,
                                std::string name, Family family) {
  if (name.empty() || name.size() > longest_name) co_return Answer{.error = "EAI_NONAME"};
  if (const auto literal = parse_ip(name)) {
    if (!wanted(*literal, family)) co_return Answer{.error = version.no_address};
    co_return Answer{.addresses = {*literal}};
  }
  Answer answer = ask_hosts_file(version, environment.etc_hosts, name, family);
  if (answer.error.empty() && answer.addresses.empty())
    answer = co_await search(os, version, environment.resolv_conf, name, family);
  const auto is_v6 = [](const IpAddress& address) { return std::holds_alternative<Ipv6Address>(address); };
  if (answer.addresses.size() > 1 && std::ranges::any_of(answer.addresses, is_v6))
    co_await sort_addresses(os, answer.addresses);
  co_return answer;
}

}  // namespace

posix::Task<Answer> getaddrinfo_1_2_3(posix::Posix& os, Environment environment, std::string name,
                                      Family family) {
  return getaddrinfo(os, version_1_2_3, environment, std::move(name), family);
}

posix::Task<Answer> getaddrinfo_1_2_4(posix::Posix& os, Environment environment, std::string name,
                                      Family family) {
  return getaddrinfo(os, version_1_2_4, environment, std::move(name), family);
}

posix::Task<Answer> getaddrinfo_1_2_5(posix::Posix& os, Environment environment, std::string name,
                                      Family family) {
  return getaddrinfo(os, version_1_2_5, environment, std::move(name), family);
}

}  // namespace hanglab::resolvers::musl
