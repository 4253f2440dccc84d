#include "live/this_host.hh"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
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

// "Dnsmasq version 2.90  Copyright …"
std::string dnsmasq_version() {
  const std::unique_ptr<FILE, int (*)(FILE*)> said(
      popen("PATH=$PATH:/usr/sbin dnsmasq --version 2>/dev/null", "r"), pclose);
  char version[32] = "";
  if (!said || std::fscanf(said.get(), "Dnsmasq version %31[0-9.]", version) != 1) return {};
  return version;
}

}  // namespace

ThisHost this_host() {
  ThisHost machine{.dnsmasq = dnsmasq_version()};
  utsname names{};
  uname(&names);
  if (std::sscanf(names.release, "%d.%d", &machine.kernel.major, &machine.kernel.minor) != 2)
    throw Error(fmt::format("kernel release '{}' has no version", names.release));
  // The coarse clocks tick with the timer interrupt.
  timespec tick{};
  clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
  machine.kernel.hz = static_cast<int>(1'000'000'000 / tick.tv_nsec);
  return machine;
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
      if (server.software != "dnsmasq" || machine.dnsmasq.empty() || server.version == machine.dnsmasq)
        continue;
      note(fmt::format("dnsmasq {} stands in for {}", machine.dnsmasq, server.version));
      server.version = machine.dnsmasq;
    }
  }
  return scenario;
}

scenario::Scenario as_on_this_host(const scenario::Scenario& scenario, std::vector<std::string>& notes) {
  return as_on(this_host(), scenario, notes);
}

}  // namespace hanglab::live
