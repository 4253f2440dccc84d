#include "analysis/explain.hh"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "analysis/attempt_words.hh"
#include "analysis/human.hh"

namespace hanglab::analysis {

namespace {

// Attempts in a row that went alike.
struct Step {
  Attempt attempt;               // the first of them
  std::vector<Duration> took{};  // how long each

  // Whether both read the same but for their times, so that they can be rounds of one story.
  bool like(const Step& other) const { return like(other.attempt) && took.size() == other.took.size(); }
  bool like(const Attempt& other) const {
    return attempt.server == other.server && attempt.transport == other.transport &&
           attempt.result == other.result && attempt.bytes == other.bytes &&
           attempt.full_bytes == other.full_bytes && attempt.syns == other.syns;
  }
};

bool udp_timeout(const Attempt& attempt) {
  return attempt.transport == Transport::udp && attempt.result == "timeout";
}

// Servers asked in turn without an answer are told server by server, in the order they were first asked.
void gather_timeouts_by_server(std::vector<Attempt>& attempts) {
  for (auto from = attempts.begin(); from != attempts.end();) {
    from = std::find_if(from, attempts.end(), udp_timeout);
    const auto to = std::find_if_not(from, attempts.end(), udp_timeout);
    for (; from != to; ++from)
      std::stable_partition(from, to,
                            [server = from->server](const Attempt& a) { return a.server == server; });
  }
}

std::vector<Step> steps_of(std::vector<Attempt> attempts) {
  gather_timeouts_by_server(attempts);
  std::vector<Step> steps;
  for (auto& attempt : attempts) {
    if (steps.empty() || !steps.back().like(attempt)) steps.push_back({.attempt = attempt});
    steps.back().took.push_back(attempt.end - attempt.start);
  }
  return steps;
}

// "5.0 s", "2 tries of 5.0 s each", "3 tries of 5.0 s, 10.0 s and 20.0 s"
std::string tries(const std::vector<Duration>& took) {
  std::vector<std::string> times;
  for (const auto time : took) times.push_back(human(time, 1));
  if (times.size() == 1) return times.front();
  const bool alike =
      std::all_of(times.begin(), times.end(), [&](auto& time) { return time == times.front(); });
  if (alike) return fmt::format("{} tries of {} each", times.size(), times.front());
  const auto last = std::move(times.back());
  times.pop_back();
  return fmt::format("{} tries of {} and {}", took.size(), fmt::join(times, ", "), last);
}

std::string told(const Step& step, Outcome outcome) {
  auto text = words(step.attempt, outcome);
  if (step.attempt.result == "timeout") return fmt::format("{} in {}", text, tries(step.took));
  if (step.took.size() > 1) text += fmt::format(" {} times", step.took.size());
  return text;
}

// How often the `length` steps from `first` on stand there, one round after the other.
std::size_t rounds(const std::vector<Step>& steps, std::size_t first, std::size_t length) {
  std::size_t count = 1;
  for (std::size_t at = first + length; at + length <= steps.size(); at += length, ++count)
    for (std::size_t i = 0; i < length; ++i)
      if (!steps[at + i].like(steps[first + i])) return count;
  return count;
}

class Story {
 public:
  // `use_of_cut`: what is told of a truncated answer that was used, or nothing.
  Story(const std::vector<Step>& steps, Outcome outcome, std::string use_of_cut)
      : steps_(steps), outcome_(outcome), use_of_cut_(std::move(use_of_cut)) {
    several_servers_ = std::any_of(steps.begin(), steps.end(), [&](const Step& step) {
      return step.attempt.server != steps.front().attempt.server;
    });
    for (std::size_t at = 0; at < steps.size();) at = tell_from(at);
  }

  std::string take() { return std::move(text_); }

 private:
  // Tells the step at `at`, or the rounds that begin there; returns the first step not told.
  std::size_t tell_from(std::size_t at) {
    std::size_t length = 1;
    while (at + 2 * length <= steps_.size() && rounds(steps_, at, length) < 2) ++length;
    const bool repeats = at + 2 * length <= steps_.size();
    if (!repeats) length = 1;
    for (std::size_t i = at; i < at + length; ++i) tell(steps_[i]);
    if (!repeats) return at + 1;
    const auto count = rounds(steps_, at, length);
    text_ += count == 2 ? ", twice over" : fmt::format(", {} times over", count);
    return at + count * length;
  }

  void tell(const Step& step) {
    const bool turn = several_servers_ && (last_ == nullptr || last_->server != step.attempt.server);
    if (last_ != nullptr) text_ += turn ? "; " : ", ";
    if (turn) text_ += to_string(step.attempt.server.address) + ": ";
    text_ += told(step, outcome_);
    if (step.attempt.result == "truncated") text_ += std::exchange(use_of_cut_, {});
    last_ = &step.attempt;
  }

  const std::vector<Step>& steps_;
  Outcome outcome_;
  std::string use_of_cut_;
  bool several_servers_ = false;
  const Attempt* last_ = nullptr;
  std::string text_;
};

std::string ending(const Lookup& lookup) {
  if (lookup.censored) return "still hung after " + human_round(lookup.duration);
  return human(lookup.duration, 1);
}

// Whether the program was content with a truncated answer: no server told it the rest over TCP.
bool used_truncated(const Lookup& lookup) {
  const auto truncated = [](const Attempt& attempt) { return attempt.result == "truncated"; };
  const auto told_rest = [](const Attempt& attempt) {
    return attempt.transport == Transport::tcp && attempt.result == "answered";
  };
  return lookup.outcome == Outcome::answered && std::ranges::any_of(lookup.attempts, truncated) &&
         std::ranges::none_of(lookup.attempts, told_rest);
}

}  // namespace

std::string explain(const Lookup& lookup) {
  if (lookup.attempts.empty()) return "no server was asked, " + ending(lookup);
  const auto steps = steps_of(lookup.attempts);
  auto use_of_cut = used_truncated(lookup)
                        ? fmt::format(" and used as it was ({} addresses)", lookup.addresses)
                        : std::string();
  return Story(steps, lookup.outcome, std::move(use_of_cut)).take() + ", " + ending(lookup);
}

}  // namespace hanglab::analysis
