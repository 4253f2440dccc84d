#include "cli/server_options.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

#include "cli/own_network.hh"
#include "core/error.hh"
#include "models/resolvers/resolver.hh"
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

bool older(std::string_view a, std::string_view b) {
  return strverscmp(std::string(a).c_str(), std::string(b).c_str()) < 0;
}

}  // namespace

void ServerOptions::add_to(po::options_description& options) {
  options.add_options()  //
      ("server", po::value(&server)->value_name("ADDRESS[:PORT]"),
       "play the lookups against this real server: 127.0.0.1:5353")  //
      ("client", po::value(&client)->value_name("CLIENT"),
       "the resolver that plays, as scenarios name them: glibc-2.36; without a version its newest (glibc)")  //
      ("source", po::value(&source)->value_name("NETWORK"),
       "each captured client sends from an address of its own in it: 10.9.0.0/16")  //
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
  const auto colon = server.rfind(':');
  auto address = parse_ip(server);
  std::uint16_t port = dns_port;
  if (!address && colon != std::string::npos) {
    address = parse_ip(server.substr(0, colon));
    port = static_cast<std::uint16_t>(
        scenario::read_whole(std::string_view(server).substr(colon + 1), 1, 0xffff, {.file = "--server"}));
  }
  if (!address) throw InputError(fmt::format("--server {}: reads 127.0.0.1 or 127.0.0.1:5353", server));
  if (is_ipv6(*address))
    throw InputError(
        fmt::format("--server {}: the resolvers that play know name servers by IPv4 alone", server));
  return {*address, port};
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

SourceAddresses::SourceAddresses(const std::string& range) {
  const auto prefix = parse_ipv4_prefix(range);
  if (!prefix) throw InputError(fmt::format("--source {}: reads 10.9.0.0/16", range));
  range_ = *prefix;
}

// The first and the last address of a network are no hosts', but of the smallest ones.
std::size_t SourceAddresses::size() const {
  const std::size_t all = std::size_t{1} << (32 - range_.length);
  return all > 2 ? all - 2 : all;
}

Ipv4Address SourceAddresses::operator[](std::size_t client) const {
  const std::uint64_t all = std::uint64_t{1} << (32 - range_.length);
  const std::uint64_t first = range_.address.value & ~(all - 1);
  return {static_cast<std::uint32_t>(first + client + (all > 2 ? 1 : 0))};
}

void SourceAddresses::check(std::size_t clients) const {
  if (clients > size())
    throw InputError(fmt::format("--source {}: has addresses for {} clients, and there are {}",
                                 to_string(range_), size(), clients));
  for (std::size_t i = 0; i < clients; ++i)
    if (!is_this_host((*this)[i]))
      throw InputError(
          fmt::format("--source {}: {} is no address of this host; in the lab's own network namespace `ip "
                      "route add local {} "
                      "dev lo` makes all of them its own, and 127.0.0.0/8 is everywhere",
                      to_string(range_), to_string((*this)[i]), to_string(range_)));
}

}  // namespace hanglab::cli
