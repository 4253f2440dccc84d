// hanglab replay: the lookups of a capture, issued again inside a scenario; or its frames, onto a wire.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "cli/capture_options.hh"
#include "cli/frame_options.hh"
#include "cli/inject_frames.hh"
#include "cli/replay_frames.hh"
#include "cli/replay_server.hh"
#include "cli/replay_table.hh"
#include "cli/simulation_options.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "replay/capture_lookups.hh"
#include "replay/captured_workload.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

using replay::CapturedLookup;
using replay::StandIn;

// The client software of a host is what the scenario's own lookups say that it runs.
StandIn stand_in(const scenario::Scenario& scenario, std::size_t host) {
  for (const auto& plan : scenario.lookups)
    if (plan.host == host)
      return {.host = scenario.hosts[host].name, .client = plan.client, .call = plan.call};
  throw InputError(
      fmt::format("host '{}' has no lookup in scenario {}, so nothing says which resolver it runs",
                  scenario.hosts[host].name, scenario.name));
}

std::optional<std::size_t> host_with(const scenario::Scenario& scenario, const IpAddress& client) {
  for (std::size_t i = 0; i < scenario.hosts.size(); ++i)
    for (const auto& interface : scenario.hosts[i].interfaces)
      if (const auto own = interface.addresses(); std::ranges::find(own, client) != own.end()) return i;
  return {};
}

std::map<IpAddress, StandIn> read_maps(const scenario::Scenario& scenario,
                                       const std::vector<std::string>& maps) {
  std::map<IpAddress, StandIn> stand_ins;
  for (const std::string& map : maps) {
    const auto equals = map.find('=');
    const auto address = parse_ip(map.substr(0, equals));
    if (equals == std::string::npos || !address)
      throw InputError(fmt::format("--map {}: reads ADDRESS=HOST", map));
    const std::string name = map.substr(equals + 1);
    const auto host = scenario.host_index(name);
    if (!host)
      throw InputError(fmt::format("--map {}: no host '{}'; the scenario has {}", map, name,
                                   fmt::join(names_of(scenario), ", ")));
    stand_ins[*address] = stand_in(scenario, *host);
  }
  return stand_ins;
}

// Who plays whom: as told by --map, else the host of the client's own address.
std::map<IpAddress, StandIn> cast(const scenario::Scenario& scenario,
                                  const std::vector<CapturedLookup>& lookups,
                                  const std::vector<std::string>& maps) {
  auto stand_ins = read_maps(scenario, maps);
  std::vector<std::string> missing;
  for (const CapturedLookup& lookup : lookups) {
    if (stand_ins.contains(lookup.client)) continue;
    if (const auto host = host_with(scenario, lookup.client)) {
      stand_ins[lookup.client] = stand_in(scenario, *host);
      continue;
    }
    const std::string name = to_string(lookup.client);
    if (std::ranges::count(missing, name) == 0) missing.push_back(name);
  }
  if (!missing.empty())
    throw InputError(fmt::format(
        "no host of the scenario has the address of the captured client{} {}; the scenario has {}: "
        "say who plays whom with --map {}=HOST",
        missing.size() > 1 ? "s" : "", fmt::join(missing, ", "), fmt::join(names_of(scenario), ", "),
        missing[0]));
  return stand_ins;
}

int replay_into(const Words& words, const std::string& capture,
                const replay::FrameSelectionOptions& selection, const std::string& into,
                const std::vector<std::string>& maps, const SimulationOptions& options,
                const po::variables_map& values) {
  const scenario::Scenario scenario = scenario::load(into, options.overrides);
  const auto contents = replay::read_lookups(capture, selection);
  fmt::print(stderr, "{}", capture_report(capture, contents));
  const auto lookups = replayable_lookups(capture, contents);
  const Workload workload = replay::make_workload(lookups, cast(scenario, lookups, maps));

  std::vector<std::string> warnings = scenario.warnings;
  sim::World world(scenario, warnings);
  print_warnings(warnings);
  const OutputSettings settings = output_settings(options, values);
  Outputs outputs(settings, scenario, provenance(words, scenario, options.seed, 1));
  const auto result = world.run_workload(options.seed, 0, workload, run_options(settings));
  if (settings.format == Format::table)
    fmt::print("{}\n", replay_table(lookups, result.lookups, contents.summary.last_at));
  outputs.take(0, result);
  outputs.finish(true);
  return status_after(contents.summary.damage);
}

}  // namespace

int replay(const Words& words) {
  std::string capture;
  std::string into;
  std::vector<std::string> maps;
  CaptureOptions chosen;
  SimulationOptions options;
  FrameOptions frames;
  ServerOptions server;
  Synopsis synopsis{
      .usage = "replay CAPTURE --into SCENARIO | --server ADDRESS | --interface IF | --write FILE [options]",
      .purpose =
          "Puts a capture (pcap or pcapng) back. Into a scenario: finds the lookups of each stub "
          "client, issues them at their\nrecorded offsets in the simulation, and shows each as captured "
          "beside as replayed. Against a real\nserver: the same lookups, by the same resolvers, on real "
          "sockets. Onto an interface, or into a file: its frames,\nrewritten for that network, at their "
          "recorded "
          "times."};
  synopsis.options.add_options()                                                         //
      ("into", po::value(&into)->value_name("SCENARIO"), "the scenario to replay into")  //
      ("map", po::value(&maps)->composing()->value_name("ADDRESS=…"),
       "into a scenario: the HOST that plays a captured client (the one of the same address); of frames: the "
       "address, "
       "or the network for a network, that it becomes");
  chosen.add_to(synopsis.options);
  options.add_to(synopsis.options);
  po::options_description of_servers("Against a server, at the pace of --speed, --pps or --topspeed");
  server.add_to(of_servers);
  synopsis.options.add(of_servers);
  po::options_description of_frames("Of frames");
  frames.add_to(of_frames);
  synopsis.options.add(of_frames);
  synopsis.operands.add_options()("capture", po::value(&capture)->required());
  synopsis.order.add("capture", 1);
  const auto values = read_words(synopsis, words);
  if (!values) return ExitStatus::done;
  const int told = (into.empty() ? 0 : 1) + (server.wanted() ? 1 : 0) + (frames.wanted() ? 1 : 0);
  if (told != 1)
    throw InputError(
        "replay: say where to, with --into SCENARIO, --server ADDRESS, --interface IF or --write FILE, one "
        "of them");
  if (server.wanted()) {
    ServerReplay replay{.capture = capture,
                        .server = server,
                        .selection = chosen.selection(),
                        .pace = frames,
                        .output = output_settings(options, *values),
                        .command_line = command_line(words)};
    if (values->count("seed") > 0) replay.seed = options.seed;
    return replay_to_server(replay);
  }
  if (frames.into_scenario && into.empty())
    throw InputError("--frames: goes with --into; --interface and --write take frames anyway");
  frames.maps = maps;
  if (frames.into_scenario)
    return inject_frames(words, capture, chosen.selection(), into, frames, options, *values);
  if (!into.empty()) return replay_into(words, capture, chosen.selection(), into, maps, options, *values);
  return replay_frames(capture, chosen.selection(), frames, options.seed);
}

}  // namespace hanglab::cli
