#include "scenario/sysctls.hh"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "scenario/suggest.hh"
#include "scenario/units.hh"

namespace hanglab::scenario {

namespace {

struct Setting {
  std::string_view name;
  std::int64_t least;
  std::int64_t most;
  int since_major = 0;  // the kernel that brought it; 0: before 3.0
  int since_minor = 0;
};

constexpr std::int64_t most_byte = 255;
constexpr std::int64_t most_int = 2'147'483'647;

constexpr Setting table[] = {
    // How often a SYN is sent again before connect() fails with ETIMEDOUT.
    {"net.ipv4.tcp_syn_retries", 1, 127},
    // How many of the first retransmitted SYNs keep the 1 s timeout; the doubling begins behind them.
    {"net.ipv4.tcp_syn_linear_timeouts", 0, 127, 6, 5},
    // How often a SYN-ACK is sent again before the half-open connection is forgotten.
    {"net.ipv4.tcp_synack_retries", 0, most_byte},
    // Retransmissions, counted as backed-off RTOs, after which an established connection is given up.
    {"net.ipv4.tcp_retries2", 0, most_byte},
    // The same for a connection that its program closed already; 0 means 8.
    {"net.ipv4.tcp_orphan_retries", 0, most_byte},
    // RFC 7323 timestamps: 0 none, 1 with a random offset, 2 without the offset.
    {"net.ipv4.tcp_timestamps", 0, 2},
    // 1: a client that wants to use RFC 7413 asks for a cookie. Without the server's bit none is given.
    {"net.ipv4.tcp_fastopen", 0, 1},
    // RFC 2018 selective acknowledgements.
    {"net.ipv4.tcp_sack", 0, 1},
    // RFC 7323 window scaling.
    {"net.ipv4.tcp_window_scaling", 0, 1},
    // 1: packets for others are routed on.
    {"net.ipv4.ip_forward", 0, 1},
    // Least milliseconds between ICMP errors to one peer (those in icmp_ratemask); 0: no limit.
    {"net.ipv4.icmp_ratelimit", 0, most_int},
    // 1: IPv6 packets for others are routed on.
    {"net.ipv6.conf.all.forwarding", 0, 1},
    // Least milliseconds between ICMPv6 errors to one peer; 0: no limit.
    {"net.ipv6.icmp.ratelimit", 0, most_int},
    // Flow labels of what sockets send: 1 and 3 a hash of the flow, 0 and 2 none.
    {"net.ipv6.auto_flowlabels", 0, 3},
};

// The range that local ports are taken from: two numbers, so it does not fit the table.
constexpr std::string_view port_range = "net.ipv4.ip_local_port_range";

std::string read_port_range(const Value& value) {
  std::istringstream words(value.text);
  std::string low, high, more;
  words >> low >> high >> more;
  if (high.empty() || !more.empty())
    throw InputError(value.where, fmt::format("{} is two ports, as in \"32768 60999\"", port_range));
  // Below 1024 it would reach into the privileged ports: the kernel answers EINVAL.
  const auto first = read_whole(low, 1024, 65535, value.where);
  const auto last = read_whole(high, first, 65535, value.where);
  return fmt::format("{}\t{}", first, last);
}

InputError unknown(const Entry& entry) {
  std::vector<std::string> known{std::string(port_range)};
  for (const auto& setting : table) known.emplace_back(setting.name);
  const auto best = nearest(entry.key, known);
  return InputError(entry.where, fmt::format("'{}' is no sysctl that the lab models{}", entry.key,
                                             best ? fmt::format("; nearest is '{}'", *best) : ""));
}

std::string read_setting(const Entry& entry, const Kernel& kernel) {
  if (entry.key == port_range) return read_port_range(entry.value);
  const auto setting = std::ranges::find(table, entry.key, &Setting::name);
  if (setting == std::end(table)) throw unknown(entry);
  if (std::pair(kernel.major, kernel.minor) < std::pair(setting->since_major, setting->since_minor))
    throw InputError(entry.where,
                     fmt::format("'{}' came with kernel {}.{}; this host runs {}.{}", entry.key,
                                 setting->since_major, setting->since_minor, kernel.major, kernel.minor));
  return std::to_string(read_whole(entry.value.text, setting->least, setting->most, entry.value.where));
}

}  // namespace

std::map<std::string, std::string> read_sysctls(const Value& settings, const Kernel& kernel) {
  std::map<std::string, std::string> values;
  for (const auto& entry : settings.entries) values[entry.key] = read_setting(entry, kernel);
  return values;
}

}  // namespace hanglab::scenario
