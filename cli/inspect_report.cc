#include "cli/inspect_report.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "analysis/human.hh"
#include "cli/captured_record.hh"
#include "cli/captured_words.hh"

namespace hanglab::cli {

namespace {

using analysis::human;
using replay::CapturedEnd;
using replay::CapturedLookup;
using replay::TcpEnd;
using namespace std::chrono_literals;

constexpr Duration slow = 1s;
constexpr std::size_t told_one_by_one = 20;
constexpr std::size_t groups_told = 20;
constexpr std::size_t most_groups = 4096;
constexpr std::size_t most_clients = 100'000;

std::string lookup_lines(const CapturedLookup& lookup, std::size_t alike, Duration capture_end) {
  const std::string times = alike > 1 ? fmt::format(", {} times; the longest:", alike) : "";
  return fmt::format("  {} asks {} for {} ({}){}\n  {:>12}  {}\n", to_string(lookup.client),
                     lookup.servers.empty() ? "nobody" : to_string(lookup.servers.front().address),
                     lookup.name.empty() ? "." : lookup.name, type_words(lookup, ", "), times,
                     (lookup.censored() ? "> " : "") + human(lookup.duration),
                     captured_words(lookup, capture_end));
}

}  // namespace

void InspectReport::add(const CapturedLookup& lookup) {
  ++lookups_;
  if (clients_.size() < most_clients) clients_.insert(lookup.client);
  switch (lookup.end) {
    case CapturedEnd::answered:
      ++answered_;
      answered_in_.add(lookup.duration);
      break;
    case CapturedEnd::failed: ++failed_; break;
    case CapturedEnd::no_end_seen: ++endless_; break;
  }
  if (lookup.truncated) {
    ++truncated_;
    ++truncated_by_tcp_.at(static_cast<std::size_t>(lookup.tcp));
  }
  if (lookup.censored())
    add_to(hung_, others_hung_, lookup);
  else if (lookup.duration >= slow)
    add_to(slow_, others_slow_, lookup);
  if (first_.size() > told_one_by_one) return;
  first_.push_back(lookup);
  first_.back().attempts.clear();
}

void InspectReport::add_to(Groups& groups, std::size_t& others, const CapturedLookup& lookup) {
  std::string key = fmt::format("{} {} {} {} {}", to_string(lookup.client), lookup.name,
                                lookup.truncated.has_value(), to_string(lookup.tcp), lookup.reason);
  auto known = groups.find(key);
  if (known == groups.end()) {
    if (groups.size() == most_groups) {
      ++others;
      return;
    }
    known = groups.emplace(std::move(key), Group{}).first;
  }
  Group& group = known->second;
  if (++group.lookups > 1 && lookup.duration <= group.longest.duration) return;
  group.longest = lookup;
  group.longest.attempts.clear();
}

std::string InspectReport::group_lines(const char* title, const Groups& groups, std::size_t others,
                                       Duration capture_end) {
  if (groups.empty()) return {};
  std::vector<const Group*> sorted;
  for (const auto& [key, group] : groups) sorted.push_back(&group);
  std::ranges::sort(sorted, [](const Group* a, const Group* b) {
    return std::tuple(b->lookups, b->longest.duration, a->longest.start) <
           std::tuple(a->lookups, a->longest.duration, b->longest.start);
  });
  std::string text = fmt::format("{}:\n", title);
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i < groups_told)
      text += lookup_lines(sorted[i]->longest, sorted[i]->lookups, capture_end);
    else
      others += sorted[i]->lookups;
  }
  if (others > 0) text += fmt::format("  and {} more lookups; --format csv tells each\n", others);
  return text;
}

std::string InspectReport::totals() const {
  std::string text =
      fmt::format("{} lookup{} of {}{} client{}: {} answered, {} failed, {} without a visible end\n",
                  lookups_, lookups_ == 1 ? "" : "s", clients_.size() == most_clients ? "at least " : "",
                  clients_.size(), clients_.size() == 1 ? "" : "s", answered_, failed_, endless_);
  if (answered_ > 0)
    text += fmt::format("answered in {} (median), {} (95 %), {} (most)\n", human(answered_in_.percentile(50)),
                        human(answered_in_.percentile(95)), human(answered_in_.worst()));
  if (truncated_ == 0) return text;
  const auto over_tcp = [this](TcpEnd end) { return truncated_by_tcp_.at(static_cast<std::size_t>(end)); };
  return text +
         fmt::format(
             "truncated: {}; TCP then answered {}, was silent {}, refused {}, unanswered {}, not to be "
             "seen {}\n",
             truncated_, over_tcp(TcpEnd::answered), over_tcp(TcpEnd::silent), over_tcp(TcpEnd::refused),
             over_tcp(TcpEnd::unanswered), over_tcp(TcpEnd::none));
}

std::string InspectReport::text(const std::string& file, const replay::CaptureSummary& summary) const {
  std::string text = reading_line(file, summary, lookups_);
  if (lookups_ == 0) return text + unused_lines(summary);
  text += totals();
  if (lookups_ <= told_one_by_one) {
    auto all = first_;
    std::ranges::stable_sort(all, {}, &CapturedLookup::start);
    for (const CapturedLookup& lookup : all) text += lookup_lines(lookup, 1, summary.last_at);
  } else {
    text += group_lines("hung, no end seen", hung_, others_hung_, summary.last_at);
    text += group_lines("slow, over a second", slow_, others_slow_, summary.last_at);
  }
  return text + unused_lines(summary);
}

}  // namespace hanglab::cli
