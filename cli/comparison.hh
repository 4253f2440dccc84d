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

// Of one scenario in both worlds; `what` the real one is, for people.
Comparison compare_sides(const scenario::Scenario& scenario, const Side& simulated, const Side& real,
                         std::string what, Duration tolerance);

std::string comparison_text(const Comparison& comparison);
std::string comparison_json(const Comparison& comparison);

}  // namespace hanglab::cli
