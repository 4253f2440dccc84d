// What a reader wants to know of many lookups: a row for each client software and name it asked for, with how
// often the lookups ended which way, how long they hung, and why.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/lookup.hh"

namespace hanglab::analysis {

// A hang duration; `at_least` where lookups whose end was not seen can only make it longer.
struct Hang {
  Duration time{};
  bool at_least = false;

  bool operator==(const Hang&) const = default;
};

// Lookups of one row that ended the same way by the same road (transports, servers and results alike).
struct Way {
  Outcome outcome = Outcome::hung;
  std::string error{};
  std::size_t lookups = 0;
  std::string why{};  // the explanation of its median lookup, or of the one nearest to it that was kept
};

struct SummaryRow {
  std::string scenario;
  std::string client;
  std::string call;
  std::string name;
  std::string host;  // its name, or how many: "100 hosts"
  std::size_t lookups = 0;
  std::size_t answered = 0;
  std::size_t failed = 0;
  std::vector<std::pair<std::string, std::size_t>> failed_by_error{};  // most frequent first
  std::size_t hung = 0;
  Hang shortest{};
  Hang median{};
  Hang p95{};
  Hang longest{};
  std::vector<Way> ways{};  // most frequent first
};

// Takes lookups one by one and keeps of each its duration and its way alone (16 bytes), so that millions can
// be summed up.
class Summarizer {
 public:
  Summarizer();
  ~Summarizer();
  Summarizer(Summarizer&&) noexcept;
  Summarizer& operator=(Summarizer&&) noexcept;

  void add(const Lookup& lookup);
  // As if it had asked for `name`: for many names that are to share a row.
  void add(const Lookup& lookup, const std::string& name);
  // Rows in the order in which their first lookup came. Up to `hosts_apart` hosts with the same client and
  // name have a row each, more of them share one.
  std::vector<SummaryRow> rows(std::size_t hosts_apart = 4) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::vector<SummaryRow> summarize(std::span<const Lookup> lookups, std::size_t hosts_apart = 4);

}  // namespace hanglab::analysis
