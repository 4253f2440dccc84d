// hanglab run: a scenario, simulated any number of times.
#include <fmt/format.h>

#include <cstdio>

#include "cli/interrupt.hh"
#include "cli/options.hh"
#include "cli/outputs.hh"
#include "cli/progress.hh"
#include "cli/verbs.hh"
#include "cli/workers.hh"
#include "core/error.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

constexpr std::uint64_t default_seed = 1;

// What the scenario's texts made the modelled programs complain about, said once, before the runs.
void print_warnings(const scenario::Scenario& scenario) {
  std::vector<std::string> warnings = scenario.warnings;
  { const sim::World probe(scenario, warnings); }
  for (const std::string& warning : warnings) fmt::print(stderr, "hanglab: warning: {}\n", warning);
}

}  // namespace

int run(const Words& words) {
  std::string file;
  std::string format = "table";
  std::string directory;
  std::vector<std::string> overrides;
  std::uint64_t runs = 1;
  std::uint64_t seed = default_seed;
  unsigned jobs = 1;
  Synopsis synopsis{
      .usage = "run SCENARIO [options]",
      .purpose =
          "Simulates a scenario with ns-3 and models of the Linux kernel, the stub resolvers and the DNS\n"
          "servers, and says how long each lookup hung, how it ended, and why."};
  synopsis.options.add_options()                                                //
      ("runs", po::value(&runs)->value_name("N"), "how often (1)")              //
      ("seed", po::value(&seed)->value_name("S"), "same seed, same bytes (1)")  //
      ("set", po::value(&overrides)->composing()->value_name("PATH=VALUE"),
       "override a value of the scenario: hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2")                     //
      ("jobs,j", po::value(&jobs)->value_name("J"), "worker processes (1)")                                 //
      ("format", po::value(&format)->value_name("FORM"), "on standard output: table, json or csv (table)")  //
      ("out,o", po::value(&directory)->value_name("DIR"), "keep the records in DIR/results.sqlite")         //
      ("pcap", "with --out: one capture a host, as tcpdump -i any writes it")                               //
      ("strace", "print the clients' system calls, or with --out keep them in DIR/strace.txt")              //
      ("force", "replace what an earlier run left in DIR");
  synopsis.operands.add_options()("scenario", po::value(&file)->required());
  synopsis.order.add("scenario", 1);
  const auto values = read_words(synopsis, words);
  if (!values) return ExitStatus::done;
  if (runs == 0) throw InputError("--runs 0: there is nothing to do");
  if (jobs == 0) throw InputError("--jobs 0: somebody has to work");

  const scenario::Scenario scenario = scenario::load(file, overrides);
  print_warnings(scenario);

  OutputSettings settings{.format = parse_format(format),
                          .replace = values->count("force") > 0,
                          .captures = values->count("pcap") > 0,
                          .traces = values->count("strace") > 0};
  if (!directory.empty()) settings.directory = directory;
  Outputs outputs(settings, scenario,
                  {.command_line = command_line(words),
                   .scenario = scenario.name,
                   .scenario_text = scenario.text,
                   .seed = seed,
                   .runs = runs,
                   .versions = {{"hanglab", HANGLAB_VERSION}, {"ns-3", sim::ns3_version()}}});

  catch_interrupts();
  std::uint64_t taken = 0;
  {
    Progress progress("runs", runs);
    const Batch batch{.scenario = scenario,
                      .seed = seed,
                      .runs = runs,
                      .jobs = jobs,
                      .options = {.packets = settings.captures, .syscalls = settings.traces}};
    taken = run_batch(batch, [&](std::uint64_t number, const sim::RunResult& result) {
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
