// hanglab atlas: every client under every fault, simulated and, if asked for, real.
#include "analysis/atlas.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>

#include "analysis/explain.hh"
#include "cli/atlas_json.hh"
#include "cli/comparison.hh"
#include "cli/interrupt.hh"
#include "cli/live_batch.hh"
#include "cli/live_options.hh"
#include "cli/progress.hh"
#include "cli/simulation_options.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "models/resolvers/resolver.hh"
#include "scenario/units.hh"

namespace hanglab::cli {

namespace po = boost::program_options;
namespace fs = std::filesystem;

namespace {

// What Debian 12 has, and the musl that came after: one column for each that behaves unlike the others.
constexpr const char* usual_clients =
    "glibc-2.36,musl-1.2.3,musl-1.2.5,go-1.19,cares-1.18,node-20-cares-1.34,dig-9.18,dnspython-2.3";

struct Settings {
  std::string folder = "topologies/atlas";
  std::string clients = usual_clients;
  std::string faults{};
  std::uint64_t runs = 50;
  std::uint64_t seed = 1;
  std::uint64_t live_runs = 1;
  unsigned jobs = 40;
  std::string tolerance = "50ms";
  bool live = false;
  std::vector<std::string> outputs{};
};

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> words;
  std::size_t begin = 0;
  while (begin < list.size()) {
    const auto comma = std::min(list.find(',', begin), list.size());
    if (comma > begin) words.push_back(list.substr(begin, comma - begin));
    begin = comma + 1;
  }
  return words;
}

// The scenario files of the folder, or those of them that were asked for, by name.
std::vector<fs::path> fault_files(const Settings& settings) {
  if (!fs::is_directory(settings.folder))
    throw InputError({.file = settings.folder}, "no folder of scenarios");
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(settings.folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::ranges::sort(files);
  const auto wanted = split(settings.faults);
  for (const std::string& name : wanted)
    if (std::ranges::none_of(files, [&name](const fs::path& file) { return file.stem() == name; }))
      throw InputError(
          fmt::format("--faults {}: there is no {}/{}.yaml", settings.faults, settings.folder, name));
  if (!wanted.empty())
    std::erase_if(files, [&wanted](const fs::path& file) {
      return std::ranges::find(wanted, file.stem().string()) == wanted.end();
    });
  if (files.empty()) throw InputError({.file = settings.folder}, "holds no scenario");
  return files;
}

struct Cell {
  std::size_t row = 0;
  std::size_t column = 0;
  scenario::Scenario scenario;
  std::optional<LivePlan> plan{};
  Side real{};
};

scenario::Scenario load_cell(const fs::path& file, const std::string& client) {
  auto scenario = scenario::load(file, {"lookups.0.client=" + client});
  if (scenario.lookups.size() != 1)
    throw InputError({.file = file.string()}, "a fault of the atlas wants one lookup by one host");
  return scenario;
}

// Throws InputError for what only shows when a world is built: better now than after hours of measuring.
void try_out(const scenario::Scenario& scenario) {
  std::vector<std::string> warnings;
  const sim::World world(scenario, warnings);
}

// To the end, unless `stop` says otherwise.
Simulated simulate(const Cell& cell, const Settings& settings, Duration tolerance,
                   const std::function<bool()>& stop) {
  const auto& scenario = cell.plan ? cell.plan->scenario : cell.scenario;
  Simulated simulated(scenario, tolerance);
  if (resolvers::find_resolver(cell.scenario.lookups[0].client) == nullptr) return simulated;
  std::vector<std::string> warnings;
  sim::World world(scenario, warnings);
  for (std::uint64_t run = 0; run < settings.runs && !stop(); ++run)
    simulated.add(world.run(settings.seed, run, {.packets = cell.plan.has_value()}));
  return simulated;
}

// Where the machine has this very client.
void plan_real(Cell& cell) {
  try {
    auto plan = plan_live(cell.scenario, {}, {.packets = true});
    if (plan.scenario.lookups[0].client == cell.scenario.lookups[0].client) cell.plan = std::move(plan);
  } catch (const InputError&) {
    throw;
  } catch (const Error& error) {
    fmt::print(stderr, "hanglab: {}\n", error.what());
  }
}

// Returns whether all were made; if not, tells how many.
bool make_real(std::vector<Cell>& cells, const Settings& settings) {
  std::vector<LiveTask> tasks;
  std::vector<Cell*> of_task;
  for (Cell& cell : cells)
    for (std::uint64_t run = 0; cell.plan && run < settings.live_runs; ++run) {
      tasks.push_back({.scenario = &cell.plan->scenario, .options = &cell.plan->options, .run = run});
      of_task.push_back(&cell);
    }
  Progress progress("real lookups", tasks.size(), false);
  const auto taken = run_live(tasks, settings.seed, settings.jobs, progress,
                              [&](std::uint64_t task, live::WorldResult result) {
                                of_task[task]->real.add(of_task[task]->plan->scenario, std::move(result.run));
                              });
  if (taken == tasks.size()) return true;
  fmt::print(stderr, "hanglab: interrupted after {} of {} real lookups, which are kept\n", taken,
             tasks.size());
  return false;
}

analysis::AtlasCell tell(Simulated simulated, const Side& real) {
  analysis::AtlasCell told;
  if (!simulated.lookups().empty()) {
    told.simulated = analysis::sum_up(simulated.lookups());
    auto by_duration = simulated.lookups();
    std::ranges::sort(by_duration, {}, &Lookup::duration);
    told.why = analysis::explain(by_duration[by_duration.size() / 2]);
  }
  if (!real.lookups.empty()) told.real = analysis::sum_up(real.lookups);
  if (!told.simulated || !told.real) return told;
  const auto comparison = std::move(simulated).compare_with(real, "");
  told.agree = comparison.lookups.at(0).agree();
  told.packets_agree = std::ranges::all_of(comparison.packets, &HostPackets::agree);
  for (const HostPackets& at : comparison.packets)
    if (!at.agree()) told.first_difference += fmt::format("at {}:\n{}", at.host, at.exchanges.difference());
  return told;
}

// Of all that took part: the servers differ from row to row.
std::vector<std::pair<std::string, std::string>> versions_behind(const std::vector<Cell>& cells) {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Cell& cell : cells) {
    if (!cell.plan) continue;
    for (auto& version : versions_of(*cell.plan))
      if (std::ranges::find(all, version) == all.end()) all.push_back(std::move(version));
  }
  if (all.empty()) all = {{"hanglab", HANGLAB_VERSION}, {"ns-3", sim::ns3_version()}};
  return all;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

void write_atlas(const analysis::Atlas& atlas, const fs::path& file) {
  const auto form = file.extension();
  const std::string text = form == ".svg"    ? analysis::atlas_svg(atlas)
                           : form == ".html" ? analysis::atlas_html(atlas)
                                             : atlas_json(atlas);
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  std::ofstream out(file);
  out << text;
  if (!out.flush()) throw Error(fmt::format("{}: cannot be written", file.string()));
}

std::optional<Settings> read_settings(const Words& words) {
  Settings settings;
  Synopsis synopsis{
      .usage = "atlas [options]",
      .purpose =
          "Runs every client under every fault, and draws how long each hangs. A fault is a scenario file; a "
          "file more\nin the folder is a row more."};
  synopsis.options.add_options()  //
      ("topologies", po::value(&settings.folder)->value_name("DIR"),
       "the folder of faults (topologies/atlas)")                                                        //
      ("faults", po::value(&settings.faults)->value_name("F,..."), "these of them alone, by file name")  //
      ("clients", po::value(&settings.clients)->value_name("C,..."),
       "the columns (those of Debian 12, and musl-1.2.5)")                                          //
      ("runs", po::value(&settings.runs)->value_name("N"), "simulated runs of each cell (50)")      //
      ("seed", po::value(&settings.seed)->value_name("S"), "of the simulation (1)")                 //
      ("live", po::bool_switch(&settings.live), "measure each cell for real, too")                  //
      ("live-runs", po::value(&settings.live_runs)->value_name("M"), "real runs of each cell (1)")  //
      ("jobs,j", po::value(&settings.jobs)->value_name("J"), "real runs at once (40)")              //
      ("tolerance", po::value(&settings.tolerance)->value_name("TIME"),
       "durations no further apart count as equal (50ms)")  //
      ("output,o", po::value(&settings.outputs)->composing()->value_name("FILE"),
       "FILE.svg, FILE.html or FILE.json, or several of them; without it, text on standard output");
  if (!read_words(synopsis, words)) return {};
  for (const std::string& output : settings.outputs)
    if (const auto form = fs::path(output).extension(); form != ".svg" && form != ".html" && form != ".json")
      throw InputError(fmt::format("-o {}: its name must end in .svg, .html or .json", output));
  if (settings.runs == 0 || settings.live_runs == 0 || settings.jobs == 0)
    throw InputError("--runs, --live-runs and --jobs begin at 1");
  return settings;
}

}  // namespace

int atlas(const Words& words) {
  const auto settings = read_settings(words);
  if (!settings) return ExitStatus::done;
  const Duration tolerance = scenario::read_duration(settings->tolerance, {.file = "--tolerance"});
  const auto files = fault_files(*settings);
  analysis::Atlas atlas{.made_by = command_line(words) + "\n", .clients = split(settings->clients)};
  std::vector<Cell> cells;
  for (const fs::path& file : files) {
    for (std::size_t column = 0; column < atlas.clients.size(); ++column)
      cells.push_back(
          {.row = atlas.rows.size(), .column = column, .scenario = load_cell(file, atlas.clients[column])});
    const auto& scenario = cells.back().scenario;
    print_warnings(scenario.warnings);
    try_out(scenario);
    atlas.rows.push_back({.fault = file.stem().string(), .description = first_line(scenario.description)});
  }

  catch_interrupts();
  bool complete = true;
  if (settings->live) {
    for (Cell& cell : cells) plan_real(cell);
    complete = make_real(cells, *settings);
  }
  // What was measured until an interrupt still stands beside its simulation.
  const auto stop = [complete] { return complete && interrupted(); };
  for (const Cell& cell : cells) {
    auto simulated = simulate(cell, *settings, tolerance, stop);
    if (stop()) return ExitStatus::interrupted;
    atlas.rows[cell.row].cells.push_back(tell(std::move(simulated), cell.real));
  }
  for (const auto& [program, version] : versions_behind(cells))
    atlas.made_by += fmt::format("{} {}\n", program, version);

  if (settings->outputs.empty()) fmt::print("{}", analysis::atlas_text(atlas));
  for (const std::string& output : settings->outputs) write_atlas(atlas, output);
  return complete ? ExitStatus::done : ExitStatus::interrupted;
}

}  // namespace hanglab::cli
