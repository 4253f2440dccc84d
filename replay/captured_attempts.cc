#include "replay/captured_attempts.hh"

#include <algorithm>
#include <string>

namespace hanglab::replay {

namespace {

using What = LookupStep::What;

struct Open {
  std::size_t socket;
  Attempt attempt;
  bool connected = false;
  std::vector<std::uint16_t> types{};  // asked in it
};

class Attempts {
 public:
  explicit Attempts(Duration start) : start_(start) {}

  void take(const LookupStep& step) {
    Open* attempt = find(step);
    switch (step.what) {
      case What::query: return query(step, attempt);
      case What::answer: return answer(step, attempt);
      case What::connecting:
        if (!attempt) attempt = &open(step);
        attempt->attempt.result.clear();  // an error that met a busy socket was overlooked
        ++attempt->attempt.syns;
        attempt->attempt.sends.push_back(step.at - start_);
        return;
      case What::connected:
        if (attempt) attempt->connected = true;
        return;
      case What::refused:
        if (!attempt && step.transport == Transport::tcp) attempt = &open(step);
        if (attempt) decide(step, *attempt, word(step, *attempt));
    }
  }

  std::vector<Attempt> finish(Duration end) {
    std::vector<Attempt> attempts;
    for (std::size_t i = 0; i < open_.size(); ++i) {
      Attempt attempt = std::move(open_[i].attempt);
      const bool last = i + 1 == open_.size();
      if (attempt.result.empty()) {
        attempt.result = last ? "no answer" : "timeout";
        attempt.end = std::max(attempt.start, last ? end - start_ : open_[i + 1].attempt.start);
      }
      attempts.push_back(std::move(attempt));
    }
    return attempts;
  }

 private:
  Open* find(const LookupStep& step) {
    const auto found = std::find_if(open_.rbegin(), open_.rend(), [&](const Open& open) {
      return open.socket == step.socket && open.attempt.server == step.server;
    });
    return found == open_.rend() ? nullptr : &*found;
  }

  Open& open(const LookupStep& step) {
    return open_.emplace_back(Open{step.socket,
                                   {.server = step.server,
                                    .transport = step.transport,
                                    .start = step.at - start_,
                                    .end = step.at - start_}});
  }

  // The same question again is another try; the second of a pair (A and AAAA) is not.
  void query(const LookupStep& step, Open* attempt) {
    const std::uint16_t type = step.type.value_or(0);
    const bool again = attempt && std::ranges::find(attempt->types, type) != attempt->types.end();
    if (!attempt || (again && step.transport == Transport::udp)) attempt = &open(step);
    attempt->types.push_back(type);
    if (step.transport == Transport::udp) attempt->attempt.sends.push_back(step.at - start_);
  }

  void answer(const LookupStep& step, Open* attempt) {
    if (!attempt) return;
    if (attempt->attempt.bytes == 0) attempt->attempt.bytes = step.size;
    if (step.truncated) {  // decides over an answer beside it
      attempt->attempt.bytes = step.size;
      attempt->attempt.result.clear();
    }
    decide(step, *attempt,
           step.truncated               ? "truncated"
           : step.rcode == dns::noerror ? "answered"
                                        : std::string(dns::rcode_name(step.rcode)));
  }

  static std::string word(const LookupStep& step, const Open& attempt) {
    const IcmpNotice& icmp = step.end.icmp;
    switch (step.end.kind) {
      case TryEnd::Kind::closed_by_client: return "timeout";
      case TryEnd::Kind::closed_by_server: return "EOF";
      case TryEnd::Kind::reset: return attempt.connected ? "read ECONNRESET" : "connect ECONNREFUSED";
      case TryEnd::Kind::icmp: break;
    }
    if (step.transport == Transport::udp) return "ICMP error";
    const bool refused = icmp.port_unreachable() || (!icmp.v6 && icmp.type == 3 && icmp.code == 2);
    return refused ? "connect ECONNREFUSED" : "connect EHOSTUNREACH";
  }

  void decide(const LookupStep& step, Open& attempt, std::string result) const {
    if (!attempt.attempt.result.empty()) return;
    attempt.attempt.result = std::move(result);
    attempt.attempt.end = step.at - start_;
  }

  Duration start_;
  std::vector<Open> open_;
};

}  // namespace

std::vector<Attempt> attempts_of(std::span<const LookupStep> steps, Duration start, Duration end) {
  Attempts attempts(start);
  for (const LookupStep& step : steps) attempts.take(step);
  return attempts.finish(end);
}

}  // namespace hanglab::replay
