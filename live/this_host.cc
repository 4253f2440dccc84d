#include "live/this_host.hh"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <memory>

#include "core/error.hh"

namespace hanglab::live {

namespace {

constexpr const char* linear_timeouts = "net.ipv4.tcp_syn_linear_timeouts";

bool has_linear_timeouts(const scenario::Kernel& kernel) {
  return kernel.major > 6 || (kernel.major == 6 && kernel.minor >= 5);
}

std::string version_of(const scenario::Kernel& kernel) {
  return fmt::format("{}.{} at {} Hz", kernel.major, kernel.minor, kernel.hz);
}

// What each server says of its version: the number behind these words.
struct VersionCall {
  std::string_view software;
  const char* command;
  const char* words;
  std::string_view package;
};
constexpr std::array<VersionCall, 4> version_calls{{
    {"bind", "named -v", "BIND %31[0-9.]", "bind9"},
    {"dnsmasq", "dnsmasq --version", "Dnsmasq version %31[0-9.]", "dnsmasq-base"},
    {"systemd-resolved", "systemd-resolved --version", "systemd %31[0-9.]", "systemd-resolved"},
    {"unbound", "unbound -V", "Version %31[0-9.]", "unbound"},
}};

std::string ask_for_version(const VersionCall& call) {
  const std::string command = fmt::format("PATH=$PATH:/usr/sbin:/lib/systemd {} 2>/dev/null", call.command);
  const std::unique_ptr<FILE, int (*)(FILE*)> said(popen(command.c_str(), "r"), pclose);
  std::array<char, 32> version{};
  if (!said || std::fscanf(said.get(), call.words, version.data()) != 1) return {};
  return version.data();
}

// Asked once, as the machine's servers stay the same meanwhile.
const std::string& version_by(const VersionCall& call) {
  static std::map<std::string_view, std::string> versions;
  const auto [version, is_new] = versions.try_emplace(call.software);
  if (is_new) version->second = ask_for_version(call);
  return version->second;
}

bool same_version(const std::string& a, const std::string& b) { return a.starts_with(b) || b.starts_with(a); }

}  // namespace

ThisHost this_host(const scenario::Scenario& scenario) {
  ThisHost machine;
  utsname names{};
  uname(&names);
  if (std::sscanf(names.release, "%d.%d", &machine.kernel.major, &machine.kernel.minor) != 2)
    throw Error(fmt::format("kernel release '{}' has no version", names.release));
  // The coarse clocks tick with the timer interrupt.
  timespec tick{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  machine.kernel.hz = static_cast<int>(1'000'000'000 / tick.tv_nsec);
  for (const VersionCall& call : version_calls) {
    const auto runs = [&call](const scenario::Host& host) {
      return std::ranges::count(host.dns_servers, call.software, &scenario::DnsServer::software) > 0;
    };
    if (!std::ranges::any_of(scenario.hosts, runs)) continue;
    if (const std::string& version = version_by(call); !version.empty())
      machine.servers.emplace(call.software, version);
  }
  return machine;
}

std::string_view package_of(const std::string& server) {
  return std::ranges::find(version_calls, server, &VersionCall::software)->package;
}

scenario::Scenario as_on(const ThisHost& machine, scenario::Scenario scenario,
                         std::vector<std::string>& notes) {
  const auto note = [&notes](std::string text) {
    if (std::find(notes.begin(), notes.end(), text) == notes.end()) notes.push_back(std::move(text));
  };
  for (auto& host : scenario.hosts) {
    const std::string written = version_of(host.kernel);
    if (written != version_of(machine.kernel))
      note(fmt::format("kernel {} stands in for {}", version_of(machine.kernel), written));
    if (has_linear_timeouts(machine.kernel) && !has_linear_timeouts(host.kernel))
      host.sysctls.try_emplace(linear_timeouts, "0");
    host.kernel = machine.kernel;
    for (auto& server : host.dns_servers) {
      const auto here = machine.servers.find(server.software);
      if (here == machine.servers.end() || same_version(here->second, server.version)) continue;
      note(fmt::format("{} {} stands in for {}", server.software, here->second, server.version));
      server.version = here->second;
    }
  }
  return scenario;
}

}  // namespace hanglab::live
