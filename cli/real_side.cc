#include "cli/real_side.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/live_batch.hh"
#include "cli/outputs.hh"
#include "cli/progress.hh"
#include "core/error.hh"
#include "live/this_host.hh"
#include "records/measured_case.hh"
#include "records/results.hh"
#include "replay/capture_reader.hh"
#include "replay/wire_attempts.hh"

namespace hanglab::cli {

namespace {

namespace fs = std::filesystem;

// The packets of a capture, a run after the other as Outputs wrote them.
std::vector<replay::Exchange> exchanges_in(const fs::path& file, Duration run_spacing) {
  replay::CaptureReader reader(file.string());
  std::vector<std::vector<replay::CapturedPacket>> runs;
  while (auto packet = reader.next()) {
    const auto run = run_spacing == Duration(0) ? 0 : static_cast<std::size_t>(packet->at / run_spacing);
    if (run >= runs.size()) runs.resize(run + 1);
    runs[run].push_back(std::move(*packet));
  }
  std::vector<replay::Exchange> exchanges;
  for (const auto& packets : runs)
    if (!packets.empty()) exchanges.push_back(replay::reduce(packets));
  return exchanges;
}

RealSide from_case(const scenario::Scenario& scenario, const fs::path& folder) {
  const auto measured = records::read_measured_case(folder);
  RealSide real{.what = "the measured case " + measured.lookup.scenario, .scenario = scenario};
  real.made.lookups.push_back(measured.lookup);
  real.made.lookups.back().host = scenario.hosts[scenario.lookups.at(0).host].name;
  const auto server = std::ranges::find_if(
      scenario.hosts, [](const scenario::Host& host) { return !host.dns_servers.empty(); });
  if (server == scenario.hosts.end() || !fs::exists(measured.server_capture)) return real;
  for (auto& exchange : exchanges_in(measured.server_capture, Duration(0)))
    real.made.exchanges.push_back({.host = static_cast<std::uint32_t>(server - scenario.hosts.begin()),
                                   .exchange = std::move(exchange)});
  return real;
}

// What `live` notes of the machine it ran on: "6.18, 250 Hz".
std::optional<live::ThisHost> machine_of(const records::Results& results) {
  if (!results.provenance) return {};
  std::optional<live::ThisHost> machine;
  for (const auto& [program, version] : results.provenance->versions) {
    live::ThisHost found;
    if (program == "kernel" && std::sscanf(version.c_str(), "%d.%d, %d Hz", &found.kernel.major,
                                           &found.kernel.minor, &found.kernel.hz) == 3)
      machine = found;
    if (machine) machine->servers.emplace(program, version);  // as the server of that name, if it is one
  }
  return machine;
}

}  // namespace

RealSide real_side_live(const scenario::Scenario& scenario, const LiveOptions& options, const LiveRuns& how) {
  const LivePlan plan = plan_live(scenario, options, {.packets = true});
  RealSide real{.what = {}, .scenario = plan.scenario, .notes = plan.notes};
  std::vector<LiveTask> tasks;
  for (std::uint64_t run = 0; run < how.runs; ++run)
    tasks.push_back({.scenario = &plan.scenario, .options = &plan.options, .run = run});
  std::string network;
  Progress progress("live runs", tasks.size(), false);
  const auto taken =
      run_live(tasks, how.seed, how.jobs, progress, [&](std::uint64_t, live::WorldResult result) {
        real.made.add(plan.scenario, std::move(result.run));
        network = result.network;
      });
  real.complete = taken == how.runs;
  real.what = fmt::format("{} live run{}, carried by {}", how.runs, how.runs == 1 ? "" : "s", network);
  return real;
}

RealSide real_side_stored(const scenario::Scenario& scenario, const fs::path& path) {
  if (fs::exists(path / "case.json")) return from_case(scenario, path);
  auto results = records::read_results(path);
  if (results.lookups.empty()) throw InputError({.file = path.string()}, "holds no lookup");
  RealSide real{.what = "the results of " + path.string(), .scenario = scenario};
  if (const auto machine = machine_of(results)) real.scenario = live::as_on(*machine, scenario, real.notes);
  if (!results.complete) real.notes.push_back(path.string() + ": the run that wrote it did not finish");
  real.made.lookups = std::move(results.lookups);
  if (!fs::is_directory(path)) return real;
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host) {
    const auto capture = path / (scenario.hosts[host].name + ".pcap");
    if (!fs::exists(capture)) continue;
    for (auto& exchange : exchanges_in(capture, run_spacing(scenario)))
      real.made.exchanges.push_back({.host = host, .exchange = std::move(exchange)});
  }
  return real;
}

}  // namespace hanglab::cli
