// A program of the test's own on the VM of small_world.hh, at its system calls.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "models/posix/attempt_log.hh"
#include "models/posix/strace.hh"
#include "models/posix/task.hh"
#include "models/servers/dnsmasq.hh"
#include "sim/dns_service.hh"
#include "sim/network.hh"
#include "sim/process.hh"
#include "tests/sim/small_world.hh"

namespace hanglab::tests {

struct Ran {
  std::optional<Duration> duration{};  // nothing: it still ran when a minute was over
  std::vector<Attempt> attempts{};
  std::string strace{};
  std::vector<PacketEvent> packets{};  // at the VM
};

// Runs `program`, a coroutine with posix::Posix& as its parameter, once, on the scenario's vm.
template <class Program>
Ran run_program_in(const scenario::Scenario& scenario, Program program) {
  constexpr Duration observed = std::chrono::minutes(1);
  const std::size_t hypervisor = *scenario.host_index("hypervisor");
  const scenario::DnsServer& settings = scenario.hosts[hypervisor].dns_servers.at(0);
  std::vector<std::string> warnings;
  Ran ran;
  {
    sim::RunClock clock;
    sim::Network network(scenario, clock);
    const auto model = servers::make_dnsmasq({.version = settings.version,
                                              .options = settings.options,
                                              .host_file = {.text = settings.host_file,
                                                            .file = settings.host_file_name,
                                                            .line = settings.host_file_line}},
                                             warnings);
    sim::DnsService service(*network.hosts()[hypervisor], *model, settings.listen, [](auto&&...) {});
    sim::Host& vm = *network.hosts()[*scenario.host_index("vm")];
    vm.set_tap([&ran](PacketEvent packet) { ran.packets.push_back(std::move(packet)); });
    network.begin_run(1, 0);
    service.begin_run(Random(1, 0, "server"));
    posix::AttemptLog log(clock.now());
    posix::Strace strace(1000);
    sim::Process process(vm, Random(1), {&log, &strace});
    const auto timed = [&]() -> posix::Task<int> {  // it outlives its task, which refers to it
      co_await program(process);
      ran.duration = clock.now().time_since_epoch();
      co_return 0;
    };
    auto task = timed();
    task.start();
    ns3::Simulator::Stop(sim::to_ns3(observed));
    ns3::Simulator::Run();
    process.interrupt();
    ran.attempts = log.take();
    ran.strace = strace.take();
    service.end_run();
    network.end_run();
  }
  ns3::Simulator::Destroy();
  return ran;
}

template <class Program>
Ran run_program(const Small& small, Program program) {
  return run_program_in(small_scenario(small), std::move(program));
}

}  // namespace hanglab::tests
