#include "replay/exchange_agreement.hh"

#include <algorithm>

namespace hanglab::replay {

namespace {

bool same_order(const Exchange& a, const Exchange& b) {
  return std::ranges::equal(a.steps, b.steps, [](const Step& x, const Step& y) { return x.same_as(y); });
}

}  // namespace

void ExchangeAgreement::add_simulated(Exchange exchange) {
  ++simulated_;
  for (Kind& kind : kinds_)
    if (same_order(kind.exchange, exchange)) {
      ++kind.runs;
      return;
    }
  kinds_.push_back({.exchange = std::move(exchange)});
}

void ExchangeAgreement::add_real(const Exchange& exchange) {
  ++real_;
  steps_ = std::max(steps_, exchange.steps.size());
  std::optional<PacketComparison> nearest;
  for (const Kind& kind : kinds_) {
    auto comparison = compare(exchange, kind.exchange, race_);
    if (comparison.equal) return;
    if (!nearest || comparison.agreed > nearest->agreed) nearest = std::move(comparison);
  }
  ++real_alone_;
  if (difference_.empty() && nearest) difference_ = nearest->difference;
}

std::size_t ExchangeAgreement::simulated_alone() const {
  return static_cast<std::size_t>(std::ranges::count(kinds_, std::size_t{1}, &Kind::runs));
}

}  // namespace hanglab::replay
