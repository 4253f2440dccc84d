// A comparison of the simulation with real lookups, and how it is told: lookups by analysis/agreement.hh,
// packets by replay/exchange_agreement.hh.
#pragma once

#include <string>
#include <vector>

#include "analysis/agreement.hh"
#include "cli/side.hh"
#include "replay/exchange_agreement.hh"

namespace hanglab::cli {

struct HostPackets {
  std::string host;
  replay::ExchangeAgreement exchanges;

  // Of the real exchanges being alone as often as they are, if both worlds were one (Fisher's exact test).
  double p() const;
  bool agree() const { return p() >= analysis::significance; }
};

struct Comparison {
  std::string scenario;
  std::string real;  // what the simulation is held against
  Duration tolerance{};
  std::vector<analysis::Agreement> lookups{};
  std::vector<HostPackets> packets{};  // of the hosts where both sides have some

  bool agree() const;
};

// The simulated side, run by run: every lookup, but of alike exchanges at a host only the first is kept, so
// that many runs take little memory.
class Simulated {
 public:
  Simulated(const scenario::Scenario& scenario, Duration tolerance);

  void add(RunResult run);
  const std::vector<Lookup>& lookups() const { return lookups_; }
  // Held against the real side; `what` that is, for people.
  Comparison compare_with(const Side& real, std::string what) &&;

 private:
  const scenario::Scenario& scenario_;
  Duration tolerance_;
  std::vector<Lookup> lookups_{};
  std::vector<HostPackets> packets_{};
};

std::string comparison_text(const Comparison& comparison);
std::string comparison_json(const Comparison& comparison);

}  // namespace hanglab::cli
