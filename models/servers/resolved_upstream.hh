// What systemd-resolved has learnt of one upstream server, and by which of three feature levels it therefore
// asks it: UDP with EDNS0, plain UDP, or TCP. Three lost datagrams in a row are a level less, and three lost
// TCP connections bring it from TCP back to UDP, or from EDNS0 to UDP if answers were truncated. A level is
// verified by an answer, and then kept; the highest is tried again when no answer has come for a grace period
// of 5 min, which doubles each time up to 6 h. Source: systemd 252, src/resolve/resolved-dns-server.c. DNSSEC
// and DNS over TLS, which have levels of their own, are off.
#pragma once

#include <chrono>
#include <optional>

#include "core/lookup.hh"
#include "core/time.hh"

namespace hanglab::servers {

enum class FeatureLevel { tcp, udp, edns0 };

class ResolvedUpstream {
 public:
  // The level by which the next question is asked; what happened since the last is taken into account.
  FeatureLevel level();
  // Whether a grace period has passed, so that the best level counts again: what is cached of the server then
  // goes. To be asked before level().
  bool resumes(TimePoint now);

  // What happened to a question that was asked by `level`. Of one that is not the present one it says nothing
  // about that.
  void lost(Transport transport, FeatureLevel level);
  void truncated(FeatureLevel level);
  void unreadable(FeatureLevel level);
  void without_opt(FeatureLevel level);
  void answered(Transport transport, FeatureLevel level, TimePoint now);
  // It answered by a lower level what it had refused by a higher one.
  void helped_by(FeatureLevel level);

 private:
  FeatureLevel lower() const;
  void forget_failures();

  FeatureLevel possible_ = FeatureLevel::edns0;
  std::optional<FeatureLevel> verified_{};
  std::optional<TimePoint> verified_at_{};
  Duration grace_period_ = std::chrono::minutes(5);
  int lost_udp_ = 0;
  int lost_tcp_ = 0;
  bool truncated_ = false;
  bool unreadable_ = false;
  bool bad_opt_ = false;
};

}  // namespace hanglab::servers
