#include "cli/replay_table.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "analysis/explain.hh"
#include "analysis/human.hh"
#include "cli/captured_words.hh"
#include "cli/verbs.hh"
#include "core/error.hh"

namespace hanglab::cli {

namespace {

using replay::CapturedLookup;

std::string replayed_words(const Lookup& lookup) {
  std::string outcome(to_string(lookup.outcome));
  if (lookup.outcome == Outcome::answered) outcome += fmt::format(", {} addresses", lookup.addresses);
  if (lookup.outcome == Outcome::failed) outcome += fmt::format(" ({})", lookup.error);
  return fmt::format("{}: {}", outcome, analysis::explain(lookup));
}

std::string duration_words(Duration duration, bool censored) {
  return (censored ? "> " : "") + analysis::human(duration);
}

}  // namespace

std::string capture_report(const std::string& file, const replay::CaptureContents& contents) {
  std::string text =
      reading_line(file, contents.summary, contents.lookups.size()) + unused_lines(contents.summary);
  const auto others = std::ranges::count_if(
      contents.lookups, [](const CapturedLookup& lookup) { return !replay::can_be_replayed(lookup); });
  if (others > 0) text += fmt::format("  not replayed: {} lookups of other types than A and AAAA\n", others);
  return text;
}

std::vector<CapturedLookup> replayable_lookups(const std::string& file,
                                               const replay::CaptureContents& contents) {
  std::vector<CapturedLookup> lookups;
  std::ranges::copy_if(contents.lookups, std::back_inserter(lookups), replay::can_be_replayed);
  if (lookups.empty()) throw Error(fmt::format("{}: holds no lookup of addresses to replay", file));
  return lookups;
}

int status_after(const std::optional<std::string>& damage) {
  if (!damage) return ExitStatus::done;
  fmt::print(stderr, "hanglab: {}; what stands before the damage was replayed\n", *damage);
  return ExitStatus::failure;
}

std::vector<std::string> names_of(const scenario::Scenario& scenario) {
  std::vector<std::string> names;
  for (const auto& host : scenario.hosts) {
    std::vector<std::string> addresses;
    for (const auto& interface : host.interfaces)
      for (const IpAddress& address : interface.addresses()) addresses.push_back(to_string(address));
    names.push_back(addresses.empty() ? host.name
                                      : fmt::format("{} ({})", host.name, fmt::join(addresses, ", ")));
  }
  return names;
}

std::string beside(const CapturedLookup& before, Duration capture_end, const CapturedLookup* after,
                   Duration replay_end) {
  const auto line = [](const char* what, const CapturedLookup& lookup, Duration end) {
    return fmt::format("  {}  {:>10}  {}\n", what, duration_words(lookup.duration, lookup.censored()),
                       captured_words(lookup, end));
  };
  std::string text = fmt::format("{} asks for {}\n", to_string(before.client), before.name) +
                     line("captured", before, capture_end);
  return text + (after ? line("replayed", *after, replay_end) : "  replayed  not at all\n");
}

std::string replay_table(std::span<const CapturedLookup> captured, std::span<const Lookup> replayed,
                         Duration capture_end) {
  std::string text;
  for (std::size_t i = 0; i < captured.size(); ++i) {
    const CapturedLookup& before = captured[i];
    const Lookup& after = replayed[i];
    text += fmt::format("{} asks for {}\n", to_string(before.client), before.name);
    text += fmt::format("  captured  {:>10}  {}\n", duration_words(before.duration, before.censored()),
                        captured_words(before, capture_end));
    text += fmt::format("  replayed  {:>10}  {} as {}, {}\n", duration_words(after.duration, after.censored),
                        after.host, after.client, replayed_words(after));
  }
  return text;
}

}  // namespace hanglab::cli
