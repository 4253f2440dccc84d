// hanglab plot: pictures of stored lookups.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "analysis/plot.hh"
#include "cli/options.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "records/results.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

// The lookup to draw as a timeline: the one of that number, or the one of median duration.
const Lookup& choose(const records::Results& results, std::optional<std::size_t> number) {
  const auto& lookups = results.lookups;
  if (lookups.empty()) throw InputError(fmt::format("{}: holds no lookup", results.label));
  if (number) {
    if (*number == 0 || *number > lookups.size())
      throw InputError(
          fmt::format("--lookup {}: {} holds lookups 1 to {}", *number, results.label, lookups.size()));
    return lookups[*number - 1];
  }
  std::vector<const Lookup*> by_duration;
  for (const Lookup& lookup : lookups) by_duration.push_back(&lookup);
  const auto middle = by_duration.begin() + static_cast<std::ptrdiff_t>((by_duration.size() - 1) / 2);
  std::nth_element(by_duration.begin(), middle, by_duration.end(),
                   [](const Lookup* a, const Lookup* b) { return a->duration < b->duration; });
  return **middle;
}

}  // namespace

int plot(const Words& words) {
  std::vector<std::string> files;
  std::string output;
  std::string kind = "survival";
  std::size_t number = 0;
  Synopsis synopsis{
      .usage = "plot RESULTS… -o FILE.svg|FILE.png [options]",
      .purpose =
          "Draws what `hanglab run` or `hanglab replay` kept: directories of --out, their results.sqlite,\n"
          "or files of JSON lines."};
  synopsis.options.add_options()  //
      ("output,o", po::value(&output)->value_name("FILE")->required(),
       "the picture; .svg or .png by its name")  //
      ("kind", po::value(&kind)->value_name("KIND"),
       "survival: the share of lookups still hanging after t, a curve a result; timeline: one lookup, step "
       "by step (survival)")  //
      ("lookup", po::value(&number)->value_name("N"),
       "timeline: the Nth lookup (the one of median duration)");
  synopsis.operands.add_options()("results", po::value(&files)->required());
  synopsis.order.add("results", -1);
  const auto values = read_words(synopsis, words);
  if (!values) return ExitStatus::done;

  std::vector<records::Results> results;
  for (const std::string& file : files) results.push_back(records::read_results(file));
  if (kind == "survival") {
    analysis::plot_survival(results, output);
  } else if (kind == "timeline") {
    if (results.size() != 1) throw InputError("--kind timeline draws one lookup: give one RESULTS");
    analysis::plot_timeline(
        choose(results[0], values->count("lookup") > 0 ? std::optional(number) : std::nullopt), output);
  } else {
    throw InputError(fmt::format("--kind {}: there are survival and timeline", kind));
  }
  return ExitStatus::done;
}

}  // namespace hanglab::cli
