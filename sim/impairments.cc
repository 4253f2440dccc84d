#include "sim/impairments.hh"

#include <algorithm>

namespace hanglab::sim {

namespace {

std::string direction_name(const scenario::Link& link, WireEnd sender) {
  return link.name + (sender == WireEnd::a ? "/a" : "/b");
}

}  // namespace

Impairments::Impairments(const scenario::Link& link, WireEnd sender, std::uint64_t seed, std::uint64_t run)
    : link_(&link),
      lose_(sender == WireEnd::a ? &link.lose_a : &link.lose_b),
      loss_random_(seed, run, "wire/" + direction_name(link, sender)),
      jitter_random_(seed, run, "jitter/" + direction_name(link, sender)) {
  // As if packets had passed for ever before: the share of time that the chain spends in bursts.
  if (link.bursts)
    in_burst_ = loss_random_.chance(link.bursts->enter / (link.bursts->enter + link.bursts->leave));
}

std::optional<Duration> Impairments::next(TimePoint leaves) {
  ++packets_;
  const bool unlucky = lost_by_chance();
  const Duration jitter = draw_jitter();
  if (unlucky || lost_by_number() || is_down(leaves)) return {};
  return jitter;
}

bool Impairments::lost_by_chance() {
  if (!link_->bursts) return link_->loss > 0 && loss_random_.chance(link_->loss);
  const auto& bursts = *link_->bursts;
  const bool lost = loss_random_.chance(in_burst_ ? bursts.loss : link_->loss);
  if (loss_random_.chance(in_burst_ ? bursts.leave : bursts.enter)) in_burst_ = !in_burst_;
  return lost;
}

bool Impairments::lost_by_number() const {
  return std::ranges::any_of(
      *lose_, [this](const scenario::PacketNumbers& numbers) { return numbers.contain(packets_); });
}

bool Impairments::is_down(TimePoint at) const {
  const Duration since = at.time_since_epoch();
  return std::ranges::any_of(link_->outages, [since](const scenario::Outage& outage) {
    return since >= outage.at && since < outage.at + outage.length;
  });
}

Duration Impairments::draw_jitter() {
  const auto most = static_cast<std::uint64_t>(link_->jitter.count());
  if (most == 0) return {};
  return Duration(static_cast<std::int64_t>(jitter_random_.below(2 * most + 1))) - link_->jitter;
}

}  // namespace hanglab::sim
