#include "cli/simulation_options.hh"

#include <fmt/format.h>

#include <cstdio>

namespace hanglab::cli {

namespace po = boost::program_options;

void SimulationOptions::add_to(po::options_description& options) {
  options.add_options()  //
      ("seed", po::value(&seed)->value_name("S"),
       "where random numbers begin; same seed, same simulation to the byte (1)")  //
      ("set", po::value(&overrides)->composing()->value_name("PATH=VALUE"),
       "override a value of the scenario: hosts.vm.sysctls.net.ipv4.tcp_syn_retries=2")                     //
      ("format", po::value(&format)->value_name("FORM"), "on standard output: table, json or csv (table)")  //
      ("out,o", po::value(&directory)->value_name("DIR"), "keep the records in DIR/results.sqlite")         //
      ("pcap", "with --out: one capture a host, as tcpdump -i any writes it")                               //
      ("strace", "print the clients' system calls, or with --out keep them in DIR/strace.txt")              //
      ("force", "replace what an earlier run left in DIR");
}

OutputSettings output_settings(const SimulationOptions& options, const po::variables_map& values) {
  OutputSettings settings{.format = parse_format(options.format),
                          .replace = values.count("force") > 0,
                          .captures = values.count("pcap") > 0,
                          .traces = values.count("strace") > 0};
  if (!options.directory.empty()) settings.directory = options.directory;
  return settings;
}

RunOptions run_options(const OutputSettings& settings) {
  return {.packets = settings.captures, .syscalls = settings.traces};
}

records::Provenance provenance(const Words& words, const scenario::Scenario& scenario, std::uint64_t seed,
                               std::uint64_t runs) {
  return {.command_line = command_line(words),
          .scenario = scenario.name,
          .scenario_text = scenario.text,
          .seed = seed,
          .runs = runs,
          .versions = {{"hanglab", HANGLAB_VERSION}, {"ns-3", sim::ns3_version()}}};
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& warning : warnings) fmt::print(stderr, "hanglab: warning: {}\n", warning);
}

}  // namespace hanglab::cli
