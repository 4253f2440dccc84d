// hanglab compare: the simulation of a scenario held against the real world, or against results of it.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/comparison.hh"
#include "cli/interrupt.hh"
#include "cli/real_side.hh"
#include "cli/simulation_options.hh"
#include "cli/verbs.hh"
#include "cli/workers.hh"
#include "core/error.hh"
#include "models/resolvers/resolver.hh"
#include "scenario/units.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

constexpr std::uint64_t fewest_runs = 20;  // of fewer, one real run is told apart from none at 5 %

struct Settings {
  std::string file{};
  std::uint64_t runs = 200;
  LiveRuns live{};
  std::string against{};
  std::string tolerance = "50ms";
  std::string format = "table";
  std::vector<std::string> overrides{};
};

std::string software(const std::string& client) { return client.substr(0, client.find('-')); }

// Each client by the model of its own version, or of the one that the scenario names. Lookups by a client
// without either are left out on both sides.
void find_models(const scenario::Scenario& written, RealSide& real) {
  auto& lookups = real.scenario.lookups;
  const auto note = [&real](std::string text) {
    if (std::ranges::find(real.notes, text) == real.notes.end()) real.notes.push_back(std::move(text));
  };
  std::erase_if(lookups, [&](scenario::LookupPlan& lookup) {
    const auto same = [&](const scenario::LookupPlan& other) {
      return software(other.client) == software(lookup.client) &&
             resolvers::find_resolver(other.client) != nullptr;
    };
    if (resolvers::find_resolver(lookup.client) != nullptr) return false;
    const auto named = std::ranges::find_if(written.lookups, same);
    if (named == written.lookups.end()) {
      note(fmt::format("left out: {} has no model yet", lookup.client));
      return true;
    }
    note(fmt::format("{} is held against the model of {}", lookup.client, named->client));
    lookup.client = named->client;
    return false;
  });
  if (lookups.empty())
    throw Error(fmt::format("{}: nothing to compare: {}", written.name, fmt::join(real.notes, "; ")));

  for (Lookup& lookup : real.made.lookups)
    for (const auto& plan : lookups)
      if (software(plan.client) == software(lookup.client) && plan.name == lookup.name)
        lookup.client = plan.client;
  std::erase_if(real.made.lookups, [&](const Lookup& lookup) {
    return std::ranges::none_of(lookups, [&lookup](const scenario::LookupPlan& plan) {
      return plan.client == lookup.client && plan.name == lookup.name;
    });
  });
}

std::optional<Settings> read_settings(const Words& words, LiveOptions& live_options) {
  Settings settings;
  Synopsis synopsis{.usage = "compare SCENARIO [options]",
                    .purpose =
                        "Runs a scenario in both worlds, as `run` and as `live` do, and says whether they "
                        "agree: how lookups end, "
                        "how\nlong they take, which packets pass. Exit status 1 when they do not."};
  synopsis.options.add_options()  //
      ("runs", po::value(&settings.runs)->value_name("N"), "simulated runs (200)")(
          "live-runs", po::value(&settings.live.runs)->value_name("M"), "real runs (1)")(
          "jobs,j", po::value(&settings.live.jobs)->value_name("J"), "real runs at once (1)")(
          "against", po::value(&settings.against)->value_name("RESULTS"),
          "compare with what was measured before: a folder of --out (with --pcap, packets too) or a measured "
          "case")(
          "tolerance", po::value(&settings.tolerance)->value_name("TIME"),
          "durations no further apart count as equal, packets no further apart as sent at once (50ms)")(
          "seed", po::value(&settings.live.seed)->value_name("S"), "of the simulation (1)")(
          "set", po::value(&settings.overrides)->composing()->value_name("PATH=VALUE"),
          "override a value of the scenario")("format", po::value(&settings.format)->value_name("FORM"),
                                              "table or json (table)");
  live_options.add_to(synopsis.options);
  synopsis.operands.add_options()("scenario", po::value(&settings.file)->required());
  synopsis.order.add("scenario", 1);
  if (!read_words(synopsis, words)) return {};
  if (settings.runs < fewest_runs)
    throw InputError(
        fmt::format("--runs {}: it takes {} to tell anything apart at 5 %", settings.runs, fewest_runs));
  if (settings.live.runs == 0) throw InputError("--live-runs 0: there is nothing to compare with");
  if (settings.live.jobs == 0) throw InputError("--jobs 0: somebody has to work");
  if (settings.format != "table" && settings.format != "json")
    throw InputError(fmt::format("--format {}: there are table and json", settings.format));
  return settings;
}

}  // namespace

int compare(const Words& words) {
  LiveOptions live_options;
  const auto settings = read_settings(words, live_options);
  if (!settings) return ExitStatus::done;
  const Duration tolerance = scenario::read_duration(settings->tolerance, {.file = "--tolerance"});
  const auto scenario = scenario::load(settings->file, live_options.overrides(settings->overrides));
  print_warnings(scenario.warnings);

  catch_interrupts();
  RealSide real = settings->against.empty() ? real_side_live(scenario, live_options, settings->live)
                                            : real_side_stored(scenario, settings->against);
  if (!real.complete) {
    fmt::print(stderr, "hanglab: interrupted before the real runs were done\n");
    return ExitStatus::interrupted;
  }
  find_models(scenario, real);
  for (const std::string& note : real.notes) fmt::print(stderr, "hanglab: {}: {}\n", scenario.name, note);
  Simulated simulated(real.scenario, tolerance);
  run_batch({.scenario = real.scenario,
             .seed = settings->live.seed,
             .runs = settings->runs,
             .options = {.packets = true}},
            [&](std::uint64_t, RunResult result) {
              simulated.add(std::move(result));
              return !interrupted();
            });
  if (interrupted()) return ExitStatus::interrupted;
  const auto comparison = std::move(simulated).compare_with(real.made, real.what);
  fmt::print("{}", settings->format == "json" ? comparison_json(comparison) : comparison_text(comparison));
  return comparison.agree() ? ExitStatus::done : ExitStatus::failure;
}

}  // namespace hanglab::cli
