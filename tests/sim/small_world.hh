// One VM and its hypervisor, with what a test changes about them:
//
//   vm 192.168.122.119 eth0 ---- wire ---- virbr0 192.168.122.1 hypervisor, dnsmasq 2.90
//
// me.mydomain.net has 255 addresses, small.mydomain.net three. The VM runs Debian 12.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "scenario/scenario.hh"
#include "sim/world.hh"

namespace hanglab::tests {

struct Small {
  std::string name = "me.mydomain.net";
  std::string vm_rules{};
  std::string hypervisor_rules{};
  std::string resolv_conf = "nameserver 192.168.122.1";
  std::string hosts_order = "hosts: files dns";
  std::string client = "glibc-2.36";
  std::string family = "unspec";
  std::string delay = "100us";
  std::string loss = "0%";
  std::string link{};  // more of the link: "jitter: 5ms"
  int syn_retries = 1;
  std::string vm_sysctls{};  // more of them: "net.ipv4.tcp_sack: 0"
  std::string give_up = "60s";
  std::string resolved_conf{};  // of a systemd-resolved on the VM, which is to be asked then; lines by blanks
  bool ipv6 = false;  // besides: vm 2001:db8::119, hypervisor 2001:db8::1; the rules are ip6tables' then
};

inline scenario::Scenario small_scenario(const Small& small) {
  std::string host_file;
  for (int i = 1; i < 256; ++i) host_file += fmt::format("          10.0.0.{} me.mydomain.net\n", i);
  for (int i = 1; i < 4; ++i) host_file += fmt::format("          10.0.9.{} small.mydomain.net\n", i);
  const auto rules = [&small](const std::string& text) {
    const std::string program = small.ipv6 ? "ip6tables" : "iptables";
    return text.empty() ? text : "    " + program + ": \"" + text + "\"\n";
  };
  const auto resolved = [](std::string conf) {
    if (conf.empty()) return conf;
    std::ranges::replace(conf, ' ', '\n');
    std::string lines;
    for (const char c : "[Resolve]\nLLMNR=no\nMulticastDNS=no\n" + conf)
      lines += c == '\n' ? std::string("\n          ") : std::string(1, c);
    return "    dns:\n      - software: systemd-resolved 252\n        config: |\n          " + lines + "\n";
  };
  const auto ipv6 = [&small](const char* address) {
    return small.ipv6 ? fmt::format(", \"{}\"", address) : std::string();
  };
  return scenario::parse(
      "name: small\ngive_up: " + small.give_up +
          "\n"
          "hosts:\n"
          "  hypervisor:\n"
          "    interfaces:\n"
          "      virbr0: {addresses: [192.168.122.1/24, 192.168.122.2/24" +
          ipv6("2001:db8::1/64") + "]}\n" + rules(small.hypervisor_rules) +
          "    dns:\n"
          "      - software: dnsmasq 2.90\n"
          "        options: --no-resolv --no-hosts --local=/mydomain.net/\n"
          "        addn-hosts: |\n" +
          host_file +
          "  vm:\n"
          "    kernel: {version: \"6.1\", hz: 250}\n"
          "    interfaces:\n"
          "      eth0: {addresses: [192.168.122.119/24" +
          ipv6("2001:db8::119/64") + "]}\n" +
          fmt::format("    sysctls: {{net.ipv4.tcp_syn_retries: {}{}{}}}\n", small.syn_retries,
                      small.vm_sysctls.empty() ? "" : ", ", small.vm_sysctls) +
          "    resolv.conf: \"" + small.resolv_conf + "\"\n    nsswitch.conf: \"" + small.hosts_order +
          "\"\n" + rules(small.vm_rules) + resolved(small.resolved_conf) + "links:\n" +
          fmt::format("  - {{from: vm.eth0, to: hypervisor.virbr0, delay: {}, rate: 10Gbps, loss: {}{}{}}}\n",
                      small.delay, small.loss, small.link.empty() ? "" : ", ", small.link) +
          fmt::format("lookups:\n  - {{host: vm, client: {}, family: {}, name: {}}}\n", small.client,
                      small.family, small.name),
      "small.yaml");
}

// One run of it.
inline RunResult simulate(const Small& small, const RunOptions& options = {}) {
  const auto scenario = small_scenario(small);
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  return world.run(1, 0, options);
}

inline Lookup look_up(const Small& small) { return simulate(small).lookups.at(0); }

// What became of each attempt: "udp timeout".
inline std::vector<std::string> results(const Lookup& lookup) {
  std::vector<std::string> words;
  for (const Attempt& attempt : lookup.attempts)
    words.push_back(fmt::format("{} {}", to_string(attempt.transport), attempt.result));
  return words;
}

// … and of which server: "udp .1 timeout".
inline std::vector<std::string> results_by_server(const Lookup& lookup) {
  std::vector<std::string> words;
  for (const Attempt& attempt : lookup.attempts)
    words.push_back(fmt::format("{} .{} {}", to_string(attempt.transport),
                                ipv4_of(attempt.server.address).value & 0xff, attempt.result));
  return words;
}

}  // namespace hanglab::tests
