#include "cli/replay_tally.hh"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/explain.hh"
#include "analysis/human.hh"

namespace hanglab::cli {

namespace {

using analysis::human;

constexpr std::size_t hung_told = 10;

}  // namespace

void ReplayTally::add(const sockets::PlayedLookup& played) {
  const Lookup& lookup = played.record;
  const Duration at = played.began;
  first_ = begun_ == 0 ? at : std::min(first_, at);
  last_ = std::max(last_, at);
  ++begun_;
  late_.add(played.late);
  std::uint64_t sent = 0;
  for (const Attempt& attempt : lookup.attempts) sent += attempt.sends.size();
  queries_ += sent;
  if (sent == 0 && a_failure_.empty())
    a_failure_ = fmt::format("{} ({})", lookup.error, analysis::explain(lookup));
  if (lookup.outcome != Outcome::hung) return;
  if (++hung_ <= hung_told)
    hanging_.push_back(fmt::format("{} asks for {} at {}: {}", lookup.host, lookup.name, human(lookup.start),
                                   analysis::explain(lookup)));
}

std::string ReplayTally::text(bool timed) const {
  std::string text = fmt::format("{} lookup{} issued", begun_, begun_ == 1 ? "" : "s");
  if (begun_ > 1 && last_ > first_)
    text += fmt::format(" in {}, {:.0f} a second", human(last_ - first_, 3),
                        static_cast<double>(begun_ - 1) / to_seconds(last_ - first_));
  text += fmt::format("; {} queries and SYNs sent\n", queries_);
  if (timed && begun_ > 0)
    text += fmt::format("  late by {} (quartile), {} (median), {} (quartile), {} (99 %), {} (most)\n",
                        human(late_.percentile(25)), human(late_.percentile(50)), human(late_.percentile(75)),
                        human(late_.percentile(99)), human(late_.worst()));
  for (const std::string& line : hanging_) text += fmt::format("  hung: {}\n", line);
  if (hung_ > hung_told) text += fmt::format("  hung: {} more\n", hung_ - hung_told);
  return text;
}

}  // namespace hanglab::cli
