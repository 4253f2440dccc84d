// How a comparison of the simulation with real lookups is told: lookups by analysis/agreement.hh, packets by
// replay/exchange_agreement.hh.
#pragma once

#include <string>
#include <vector>

#include "analysis/agreement.hh"
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

std::string comparison_text(const Comparison& comparison);
std::string comparison_json(const Comparison& comparison);

}  // namespace hanglab::cli
