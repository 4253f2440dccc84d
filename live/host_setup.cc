#include "live/host_setup.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "core/error.hh"
#include "models/netfilter/iptables_words.hh"

namespace hanglab::live {

void set_sysctl(const Host& host, const std::string& name, const std::string& value) {
  const Host::Network inside(host);
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin() + 10, path.end(), '.', '/');
  const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), value.data(), value.size()) < 0)
    throw Error(
        fmt::format("host {}: sysctl {}={}: {}", host.plan().name, name, value,
                    errno == ENOENT ? "this machine's kernel does not have it" : std::strerror(errno)));
}

// A namespace takes some of its settings from the machine's own network; these are made the kernel's
// defaults, and the scenario's settings come on top. IPv6 is off on interfaces that have no address of it
// (wiring.cc turns it on for the others): it would only add its own housekeeping.
void configure_kernel(const Host& host) {
  set_sysctl(host, "net.ipv6.conf.default.disable_ipv6", "1");
  set_sysctl(host, "net.ipv4.ip_forward", "0");
  set_sysctl(host, "net.ipv4.tcp_congestion_control", "reno");  // the only one that every namespace may have
  for (const auto& [name, value] : host.plan().sysctls) set_sysctl(host, name, value);
}

namespace {

// As typed, or as iptables-save prints them; `*filter` and `COMMIT` frame the latter and are no commands, and
// ":INPUT DROP [0:0]" sets a policy or makes a chain.
void load_rules(const Host& host, const std::string& program, const std::string& text) {
  for (const auto& line : kernel::split_lines(text, {})) {
    Words command{program, "-w"};
    for (const auto& word : line.words) command.push_back(word.text);
    const std::string& first = line.words[0].text;
    if (first.starts_with('*') || first == "COMMIT") continue;
    if (first == program) command.erase(command.begin() + 2);
    if (first.starts_with(':')) {
      const bool own = line.words.size() < 2 || line.words[1].text == "-";
      command = own ? Words{program, "-w", "-N", first.substr(1)}
                    : Words{program, "-w", "-P", first.substr(1), line.words[1].text};
    }
    host.run(command);
  }
}

}  // namespace

void load_firewall(const Host& host) {
  load_rules(host, "iptables", host.plan().iptables_text);
  load_rules(host, "ip6tables", host.plan().ip6tables_text);
}

}  // namespace hanglab::live
