#include "models/servers/resolved_upstream.hh"

#include <algorithm>

namespace hanglab::servers {

namespace {

constexpr int failures_until_lower = 3;                           // DNS_SERVER_FEATURE_RETRY_ATTEMPTS
constexpr Duration longest_grace_period = std::chrono::hours(6);  // DNS_SERVER_FEATURE_GRACE_PERIOD_MAX_USEC

}  // namespace

bool ResolvedUpstream::resumes(TimePoint now) {
  if (possible_ == FeatureLevel::edns0 || !verified_at_ || now - *verified_at_ < grace_period_) return false;
  grace_period_ = std::min(2 * grace_period_, longest_grace_period);
  possible_ = FeatureLevel::edns0;
  forget_failures();
  bad_opt_ = false;
  return true;
}

FeatureLevel ResolvedUpstream::level() {
  if (verified_ && possible_ <= *verified_) {
    possible_ = *verified_;
    return possible_;
  }
  const FeatureLevel next = lower();
  if (next != possible_) forget_failures();
  possible_ = next;
  return possible_;
}

FeatureLevel ResolvedUpstream::lower() const {
  const bool tcp_fails = lost_tcp_ >= failures_until_lower;
  switch (possible_) {
    case FeatureLevel::tcp: return tcp_fails ? FeatureLevel::udp : FeatureLevel::tcp;
    case FeatureLevel::udp: return lost_udp_ >= failures_until_lower ? FeatureLevel::tcp : FeatureLevel::udp;
    case FeatureLevel::edns0: break;
  }
  const bool step_down =
      unreadable_ || bad_opt_ || lost_udp_ >= failures_until_lower || (tcp_fails && truncated_);
  return step_down ? FeatureLevel::udp : FeatureLevel::edns0;
}

// A missing OPT record stays known: at a lower level there is none to miss.
void ResolvedUpstream::forget_failures() {
  lost_udp_ = 0;
  lost_tcp_ = 0;
  truncated_ = false;
  unreadable_ = false;
  verified_at_.reset();
}

void ResolvedUpstream::lost(Transport transport, FeatureLevel level) {
  if (possible_ != level) return;
  ++(transport == Transport::udp ? lost_udp_ : lost_tcp_);
}

void ResolvedUpstream::truncated(FeatureLevel level) {
  if (possible_ == level) truncated_ = true;
}

void ResolvedUpstream::unreadable(FeatureLevel level) {
  if (possible_ == level) unreadable_ = true;
}

void ResolvedUpstream::without_opt(FeatureLevel level) {
  if (level < FeatureLevel::edns0) return;
  if (verified_ == FeatureLevel::edns0) verified_ = FeatureLevel::udp;
  bad_opt_ = true;
}

void ResolvedUpstream::answered(Transport transport, FeatureLevel level, TimePoint now) {
  if (possible_ == level) (transport == Transport::udp ? lost_udp_ : lost_tcp_) = 0;
  if (transport == Transport::tcp) level = FeatureLevel::tcp;
  if (bad_opt_) level = std::min(level, FeatureLevel::udp);
  if (verified_ && *verified_ > level) return;
  verified_ = level;
  verified_at_ = now;
}

void ResolvedUpstream::helped_by(FeatureLevel level) {
  if (verified_ && *verified_ > level) verified_ = level;
  if (possible_ <= level) return;
  possible_ = level;
  forget_failures();
}

}  // namespace hanglab::servers
