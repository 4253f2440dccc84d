// hanglab run: a scenario, simulated any number of times.
#include <fmt/format.h>

#include <cstdio>

#include "cli/interrupt.hh"
#include "cli/progress.hh"
#include "cli/simulation_options.hh"
#include "cli/verbs.hh"
#include "cli/workers.hh"
#include "core/error.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

int run(const Words& words) {
  std::string file;
  std::uint64_t runs = 1;
  unsigned jobs = 1;
  SimulationOptions options;
  Synopsis synopsis{
      .usage = "run SCENARIO [options]",
      .purpose =
          "Simulates a scenario with ns-3 and models of the Linux kernel, the stub resolvers and the DNS\n"
          "servers, and says how long each lookup hung, how it ended, and why."};
  synopsis.options.add_options()                                    //
      ("runs", po::value(&runs)->value_name("N"), "how often (1)")  //
      ("jobs,j", po::value(&jobs)->value_name("J"), "worker processes (1)");
  options.add_to(synopsis.options);
  synopsis.operands.add_options()("scenario", po::value(&file)->required());
  synopsis.order.add("scenario", 1);
  const auto values = read_words(synopsis, words);
  if (!values) return ExitStatus::done;
  if (runs == 0) throw InputError("--runs 0: there is nothing to do");
  if (jobs == 0) throw InputError("--jobs 0: somebody has to work");

  const scenario::Scenario scenario = scenario::load(file, options.overrides);
  std::vector<std::string> warnings = scenario.warnings;
  { const sim::World probe(scenario, warnings); }  // every worker builds its own
  print_warnings(warnings);
  const OutputSettings settings = output_settings(options, *values);
  Outputs outputs(settings, scenario, provenance(words, scenario, options.seed, runs));

  catch_interrupts();
  std::uint64_t taken = 0;
  {
    const bool output_flows = settings.format != Format::table || (settings.traces && !settings.directory);
    Progress progress("runs", runs, output_flows);
    const Batch batch{.scenario = scenario,
                      .seed = options.seed,
                      .runs = runs,
                      .jobs = jobs,
                      .options = run_options(settings)};
    taken = run_batch(batch, [&](std::uint64_t number, const RunResult& result) {
      outputs.take(number, result);
      progress.reached(number + 1);
      return !interrupted();
    });
  }
  outputs.finish(taken == runs);
  if (taken == runs) return ExitStatus::done;
  fmt::print(stderr, "hanglab: interrupted after {} of {} runs; the finished ones are kept\n", taken, runs);
  return ExitStatus::interrupted;
}

}  // namespace hanglab::cli
