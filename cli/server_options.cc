#include "cli/server_options.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

#include "cli/own_network.hh"
#include "core/error.hh"
#include "models/resolvers/resolver.hh"
#include "records/text.hh"
#include "scenario/read_file.hh"
#include "scenario/units.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

constexpr std::uint16_t dns_port = 53;

// The text without its `nameserver` lines, behind one that names the server.
std::string with_server(const std::string& text, const IpAddress& server) {
  std::string result = fmt::format("nameserver {}\n", to_string(server));
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with("nameserver")) result += line + '\n';
  return result;
}

// "127.0.0.1", "::1", "127.0.0.1:5353", "[::1]", "[::1]:5353".
std::optional<Endpoint> read_endpoint(const std::string& text) {
  if (const auto address = parse_ip(text)) return Endpoint{*address, dns_port};
  if (text.starts_with('[') && text.ends_with(']'))
    return records::parse_endpoint(fmt::format("{}:{}", text, dns_port));
  const auto endpoint = records::parse_endpoint(text);
  return endpoint && endpoint->port != 0 ? endpoint : std::nullopt;
}

Ipv6Address network_of(const Ipv6Prefix& prefix) {
  Ipv6Address network = prefix.address;
  int bits_left = prefix.length;
  for (std::uint8_t& byte : network.bytes) {
    byte = static_cast<std::uint8_t>(byte & 0xff00 >> std::clamp(bits_left, 0, 8));
    bits_left -= 8;
  }
  return network;
}

bool older(std::string_view a, std::string_view b) {
  return strverscmp(std::string(a).c_str(), std::string(b).c_str()) < 0;
}

}  // namespace

void ServerOptions::add_to(po::options_description& options) {
  options.add_options()  //
      ("server", po::value(&server)->value_name("ADDRESS[:PORT]"),
       "play the lookups against this real server: 127.0.0.1:5353, [::1]:5353")  //
      ("client", po::value(&client)->value_name("CLIENT"),
       "the resolver that plays, as scenarios name them: glibc-2.36; without a version its newest (glibc)")  //
      ("source", po::value(&source)->value_name("NETWORK"),
       "each captured client sends from an address of its own in it: 10.9.0.0/16, fd00:9::/64")  //
      ("resolv-conf", po::value(&resolv_conf)->value_name("FILE"),
       "their search list and options; its name servers are not asked")                            //
      ("nsswitch", po::value(&nsswitch)->value_name("SERVICES"), "their hosts: line (files dns)")  //
      ("clients", po::value(&clients)->value_name("N"),
       "so many lookups at once, then the next wait (10000; with --topspeed 100)")  //
      ("keep-ports", po::bool_switch(&keep_ports),
       "faster: a UDP socket's port is used again some thousand sockets later; real programs have a new one "
       "each")  //
      ("give-up", po::value(&give_up)->value_name("TIME"), "a lookup that still waits then is hung (10min)");
}

Endpoint ServerOptions::endpoint() const {
  const auto endpoint = read_endpoint(server);
  if (!endpoint)
    throw InputError(fmt::format("--server {}: reads 127.0.0.1, 127.0.0.1:5353, ::1 or [::1]:5353", server));
  const auto* v6 = std::get_if<Ipv6Address>(&endpoint->address);
  if (!v6) return *endpoint;
  if (is_link_local(*v6))
    throw InputError(fmt::format(
        "--server {}: a link-local address is of one interface, which cannot be said here", server));
  if (const auto v4 = mapped_v4(*v6)) return {*v4, endpoint->port};
  return *endpoint;
}

std::string ServerOptions::client_software() const {
  const auto known = resolvers::known_clients();
  if (std::ranges::count(known, client) > 0) return client;
  std::string_view newest;
  for (const std::string_view one : known)
    if (one.starts_with(client + "-") && (newest.empty() || older(newest, one))) newest = one;
  if (newest.empty())
    throw InputError(fmt::format("--client {}: there are {}", client, fmt::join(known, ", ")));
  return std::string(newest);
}

sockets::PlayerHost ServerOptions::host() const {
  const Endpoint at = endpoint();
  const std::string text =
      resolv_conf.empty()
          ? std::string()
          : scenario::read_file(resolv_conf, {.file = "--resolv-conf " + resolv_conf}, "cannot be read");
  return {.server = at,
          .resolv_conf_text = with_server(text, at.address),
          .nsswitch = kernel::parse_nss_hosts(nsswitch, {.file = "--nsswitch"}),
          .etc_hosts = {}};  // what stood in the clients' was not asked for on the wire
}

Duration ServerOptions::longest_hang() const {
  const Duration time = scenario::read_duration(give_up, {.file = "--give-up"});
  if (time <= Duration(0)) throw InputError("--give-up: is a time above 0");
  return time;
}

SourceAddresses::SourceAddresses(const std::string& range, const IpAddress& server) : range_(range) {
  const auto v4 = parse_ipv4_prefix(range);
  const auto v6 = parse_ipv6_prefix(range);
  if (!v4 && !v6) throw InputError(fmt::format("--source {}: reads 10.9.0.0/16 or fd00:9::/64", range));
  if (v6.has_value() != is_ipv6(server))
    throw InputError(fmt::format("--source {}: --server {} is asked from addresses of {}", range,
                                 to_string(server), v6 ? "IPv4" : "IPv6"));
  const int host_bits = v4 ? 32 - v4->length : 128 - v6->length;
  const std::uint64_t all = host_bits < 64 ? std::uint64_t{1} << host_bits : std::uint64_t{0} - 1;
  if (v4)
    network_ = Ipv4Address{static_cast<std::uint32_t>(v4->address.value & ~(all - 1))};
  else
    network_ = network_of(*v6);
  // But for the smallest networks, the first address is no host's (in IPv6 that of any router there, RFC 4291
  // 2.6.1), nor is the last of IPv4.
  first_ = all > 2 ? 1 : 0;
  size_ = all - first_ * (v4 ? 2 : 1);
}

IpAddress SourceAddresses::operator[](std::uint64_t client) const {
  std::uint64_t number = first_ + client;
  if (const auto* v4 = std::get_if<Ipv4Address>(&network_))
    return Ipv4Address{static_cast<std::uint32_t>(v4->value + number)};
  Ipv6Address address = ipv6_of(network_);
  for (auto byte = address.bytes.rbegin(); number > 0; ++byte, number >>= 8)
    *byte = static_cast<std::uint8_t>(*byte | number);
  return address;
}

void SourceAddresses::check(std::size_t clients) const {
  if (clients > size_)
    throw InputError(
        fmt::format("--source {}: has addresses for {} clients, and there are {}", range_, size_, clients));
  const bool v6 = is_ipv6(network_);
  for (std::size_t i = 0; i < clients; ++i)
    if (!is_this_host((*this)[i]))
      throw InputError(fmt::format(
          "--source {0}: {1} is no address of this host; in the lab's own network namespace "
          "`ip {2}route add local {0} dev lo` makes all of them its own{3}",
          range_, to_string((*this)[i]), v6 ? "-6 " : "", v6 ? "" : ", and 127.0.0.0/8 is everywhere"));
}

}  // namespace hanglab::cli
