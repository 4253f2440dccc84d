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

namespace {

void set_sysctl(const Host& host, const std::string& name, const std::string& value) {
  std::string path = "/proc/sys/" + name;
  std::replace(path.begin() + 10, path.end(), '.', '/');
  const Fd file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || write(file.get(), value.data(), value.size()) < 0)
    throw Error(
        fmt::format("host {}: sysctl {}={}: {}", host.plan().name, name, value,
                    errno == ENOENT ? "this machine's kernel does not have it" : std::strerror(errno)));
}

}  // namespace

// A namespace takes some of its settings from the machine's own network; these are made the kernel's
// defaults, and the scenario's settings come on top. IPv6 would only add its own housekeeping to the
// captures.
void configure_kernel(const Host& host) {
  const Host::Network inside(host);
  set_sysctl(host, "net.ipv6.conf.default.disable_ipv6", "1");
  set_sysctl(host, "net.ipv4.ip_forward", "0");
  set_sysctl(host, "net.ipv4.tcp_congestion_control", "reno");  // the only one that every namespace may have
  for (const auto& [name, value] : host.plan().sysctls) set_sysctl(host, name, value);
}

// As typed, or as iptables-save prints them; `*filter` and `COMMIT` frame the latter and are no commands, and
// ":INPUT DROP [0:0]" sets a policy or makes a chain.
void load_firewall(const Host& host) {
  for (const auto& line : kernel::split_lines(host.plan().iptables_text, {})) {
    Words command{"iptables", "-w"};
    for (const auto& word : line.words) command.push_back(word.text);
    const std::string& first = line.words[0].text;
    if (first.starts_with('*') || first == "COMMIT") continue;
    if (first == "iptables") command.erase(command.begin() + 2);
    if (first.starts_with(':')) {
      const bool own = line.words.size() < 2 || line.words[1].text == "-";
      command = own ? Words{"iptables", "-w", "-N", first.substr(1)}
                    : Words{"iptables", "-w", "-P", first.substr(1), line.words[1].text};
    }
    host.run(command);
  }
}

}  // namespace hanglab::live
