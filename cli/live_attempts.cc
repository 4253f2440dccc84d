#include "cli/live_attempts.hh"

#include <algorithm>

#include "replay/tap_packets.hh"
#include "replay/wire_attempts.hh"

namespace hanglab::cli {

namespace {

bool overlap(const Lookup& a, const Lookup& b) {
  return a.host == b.host && a.start <= b.start + b.duration && b.start <= a.start + a.duration;
}

int setting(const scenario::Host& host, const std::string& name, int otherwise) {
  const auto found = host.sysctls.find(name);
  return found == host.sysctls.end() ? otherwise : std::stoi(found->second);
}

// ip-sysctl.rst: the first SYN, and the repetitions that double after those that do not.
int syns_of(const scenario::Host& host) {
  const bool linear = host.kernel.major > 6 || (host.kernel.major == 6 && host.kernel.minor >= 5);
  return 1 + setting(host, "net.ipv4.tcp_syn_retries", 6) +
         (linear ? setting(host, "net.ipv4.tcp_syn_linear_timeouts", 4) : 0);
}

// Where a host has a DNS server of its own, what goes to others than the name servers of resolv.conf is that
// server's business.
void leave_out_servers(const scenario::Host& host, std::vector<replay::CapturedPacket>& packets) {
  if (host.dns_servers.empty()) return;
  const auto& asked = host.resolv_conf.nameservers;
  const auto is_asked = [&asked](const Endpoint& one) {
    return asked.empty() || std::ranges::find(asked, one.address) != asked.end();
  };
  std::erase_if(packets,
                [&](const auto& one) { return !is_asked(one.source) && !is_asked(one.destination); });
}

}  // namespace

void add_attempts(const scenario::Scenario& scenario, live::WorldResult& result) {
  auto& lookups = result.run.lookups;
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host) {
    const auto& plan = scenario.hosts[host];
    auto packets = replay::packets_of(host, result.run.packets);
    auto unsent = replay::packets_of(host, result.unsent);
    leave_out_servers(plan, packets);
    leave_out_servers(plan, unsent);
    for (Lookup& lookup : lookups) {
      if (lookup.host != scenario.hosts[host].name) continue;
      const bool alone = std::ranges::none_of(
          lookups, [&lookup](const Lookup& other) { return &other != &lookup && overlap(lookup, other); });
      lookup.attempts = replay::attempts_on_the_wire(packets, unsent,
                                                     {.name = lookup.name,
                                                      .began = lookup.start,
                                                      .ended = lookup.start + lookup.duration,
                                                      .alone = alone,
                                                      .syns_at_most = syns_of(scenario.hosts[host])});
    }
  }
}

}  // namespace hanglab::cli
