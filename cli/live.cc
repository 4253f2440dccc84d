// hanglab live: scenarios, for real, in network namespaces on this machine.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <deque>

#include "cli/interrupt.hh"
#include "cli/live_attempts.hh"
#include "cli/live_batch.hh"
#include "cli/live_options.hh"
#include "cli/progress.hh"
#include "cli/simulation_options.hh"
#include "cli/verbs.hh"
#include "core/error.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

records::Provenance live_provenance(const Words& words, const LivePlan& plan, std::uint64_t seed,
                                    std::uint64_t runs) {
  return {.command_line = command_line(words),
          .scenario = plan.scenario.name,
          .scenario_text = plan.scenario.text,
          .seed = seed,
          .runs = runs,
          .versions = versions_of(plan)};
}

void check_names_apart(const std::vector<LivePlan>& plans) {
  for (std::size_t i = 0; i < plans.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (plans[i].scenario.name == plans[j].scenario.name)
        throw InputError(
            fmt::format("two scenarios are called {}: their results would mix", plans[i].scenario.name));
}

}  // namespace

int live(const Words& words) {
  std::vector<std::string> files;
  std::uint64_t runs = 1;
  unsigned jobs = 1;
  SimulationOptions options;
  LiveOptions live_options;
  Synopsis synopsis{.usage = "live SCENARIO… [options]",
                    .purpose =
                        "Runs scenarios for real: a network namespace a host, the real iptables, dnsmasq and "
                        "clients. Needs "
                        "root or\nuser namespaces, touches nothing of this machine's own network and leaves "
                        "nothing behind."};
  synopsis.options.add_options()                                    //
      ("runs", po::value(&runs)->value_name("N"), "how often (1)")  //
      ("jobs,j", po::value(&jobs)->value_name("J"), "how many at once; waiting costs nothing (1)");
  live_options.add_to(synopsis.options);
  options.add_to(synopsis.options);
  synopsis.operands.add_options()("scenario", po::value(&files)->required());
  synopsis.order.add("scenario", -1);
  const auto values = read_words(synopsis, words);
  if (!values) return ExitStatus::done;
  if (runs == 0) throw InputError("--runs 0: there is nothing to do");
  if (jobs == 0) throw InputError("--jobs 0: somebody has to work");

  const OutputSettings settings = output_settings(options, *values);
  std::vector<LivePlan> plans;
  for (const std::string& file : files) {
    const auto scenario = scenario::load(file, live_options.overrides(options.overrides));
    print_warnings(scenario.warnings);
    // The packets tell what the client tried.
    plans.push_back(plan_live(scenario, live_options, {.packets = true, .syscalls = settings.traces}));
    for (const std::string& note : plans.back().notes)
      fmt::print(stderr, "hanglab: {}: {}\n", plans.back().scenario.name, note);
  }
  check_names_apart(plans);

  std::deque<Outputs> outputs;
  for (const LivePlan& plan : plans) {
    OutputSettings own = settings;
    if (own.directory && plans.size() > 1) own.directory = *own.directory / plan.scenario.name;
    outputs.emplace_back(own, plan.scenario, live_provenance(words, plan, options.seed, runs));
  }
  std::vector<LiveTask> tasks;
  for (const LivePlan& plan : plans)
    for (std::uint64_t run = 0; run < runs; ++run)
      tasks.push_back({.scenario = &plan.scenario, .options = &plan.options, .run = run});

  catch_interrupts();
  std::uint64_t taken = 0;
  std::vector<std::string> networks(plans.size());
  {
    const bool output_flows = settings.format != Format::table || (settings.traces && !settings.directory);
    Progress progress("runs", tasks.size(), output_flows);
    taken =
        run_live(tasks, options.seed, jobs, progress, [&](std::uint64_t number, live::WorldResult result) {
          const std::size_t scenario = number / runs;
          add_attempts(plans[scenario].scenario, result);
          outputs[scenario].take(number % runs, result.run);
          networks[scenario] = result.network;
        });
  }
  for (std::size_t i = 0; i < plans.size(); ++i) {
    outputs[i].finish(taken >= (i + 1) * runs);
    if (!networks[i].empty())
      fmt::print(stderr, "hanglab: {}: the frames were carried by {}\n", plans[i].scenario.name, networks[i]);
  }
  if (taken == tasks.size()) return ExitStatus::done;
  fmt::print(stderr, "hanglab: interrupted after {} of {} runs; the finished ones are kept\n", taken,
             tasks.size());
  return ExitStatus::interrupted;
}

}  // namespace hanglab::cli
