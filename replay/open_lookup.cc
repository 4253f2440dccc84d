#include "replay/open_lookup.hh"

#include <algorithm>
#include <numeric>
#include <utility>

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

constexpr Duration longest_pause = 45s;    // between two tries of one lookup
constexpr Duration soonest_retry = 200ms;  // while nothing came back
constexpr Duration at_once = 200ms;        // after an answer or an error
// glibc holds each address in 40 octets of its first buffer of 1024: two dozen fill it.
constexpr std::size_t answers_worth_a_larger_buffer = 16;

}  // namespace

OpenLookup::OpenLookup(const IpAddress& client, const dns::Question& question, Duration start)
    : result_{.client = client, .name = question.name, .start = start}, last_activity_(start) {}

const OpenLookup::Asked* OpenLookup::find(std::uint16_t type) const {
  const auto found = std::ranges::find(asked_, type, &Asked::type);
  return found == asked_.end() ? nullptr : &*found;
}

bool OpenLookup::all_final() const {
  return std::ranges::all_of(
      asked_, [](const Asked& asked) { return !asked.in_this_round || asked.state == State::final; });
}

bool OpenLookup::decided() const {
  return std::ranges::all_of(asked_, [](const Asked& asked) {
    return !asked.in_this_round || asked.state == State::final || asked.state == State::error;
  });
}

std::size_t OpenLookup::answers() const {
  return std::accumulate(asked_.begin(), asked_.end(), std::size_t{0},
                         [](std::size_t sum, const Asked& asked) { return sum + asked.answers; });
}

bool OpenLookup::stale(Duration now) const { return now - last_activity_ > longest_pause; }

bool OpenLookup::continues_with(const WireEvent& event, const DnsMessage& query, bool still_trying) const {
  if (stale(event.at)) return false;
  const bool follows_at_once = event.at - last_activity_ <= at_once;
  const Asked* asked = find(query.question->type);
  const bool asked_before = asked != nullptr && asked->in_this_round;
  if (asked_before && asked->state != State::final && asked->id == query.header.id) return true;
  if (asked_before && still_trying) return false;
  if (all_final()) return follows_at_once && (!asked_before || answers() >= answers_worth_a_larger_buffer);
  if (decided() || !last_word_.empty()) return follows_at_once;
  // Two programs that ask for one name at the same time.
  if (asked_before && asked->state == State::pending && event.at - asked->at < soonest_retry) return false;
  return true;
}

bool OpenLookup::expects_tcp(Duration now) const {
  if (stale(now) || all_final()) return false;
  if (!last_word_.empty() && now - last_activity_ > at_once) return false;
  return result_.truncated.has_value();
}

void OpenLookup::asks(Endpoint server) {
  if (std::ranges::find(result_.servers, server) == result_.servers.end()) result_.servers.push_back(server);
}

void OpenLookup::saw_packet(const WireEvent& event) {
  if (std::exchange(last_packet_, event.packet) != event.packet) ++result_.packets;
}

void OpenLookup::query(const WireEvent& event, const DnsMessage& query) {
  const auto type = query.question->type;
  asks(event.server);
  if (find(type) == nullptr) {
    result_.types.push_back(type);
    asked_.push_back({.type = type, .in_this_round = false});
  }
  auto& asked = *std::ranges::find(asked_, type, &Asked::type);
  if (asked.in_this_round && all_final()) {
    ++result_.rounds;
    for (auto& each : asked_) each.in_this_round = false;
  }
  if (!asked.in_this_round) {
    asked = {.type = type};
  } else if (event.transport == Transport::udp) {
    ++result_.retries;
  }
  // glibc repeats over TCP what UDP has answered already, and waits for it again.
  if (asked.state == State::error || (asked.state == State::final && event.transport == Transport::tcp)) {
    asked.state = State::pending;
    asked.answers = 0;
  }
  asked.id = query.header.id;
  asked.at = last_activity_ = event.at;
  last_word_.clear();
}

void OpenLookup::answer(const WireEvent& event, const DnsMessage& answer) {
  const auto asked = answer.question ? std::ranges::find(asked_, answer.question->type, &Asked::type)
                                     : std::ranges::find(asked_, answer.header.id, &Asked::id);
  if (asked == asked_.end() || asked->state == State::final) return;
  last_activity_ = decided_at_ = event.at;
  last_word_.clear();
  asked->rcode = answer.header.rcode();
  if (answer.header.truncated() && event.transport == Transport::udp) {
    asked->state = State::truncated;
    if (!result_.truncated)
      result_.truncated = TruncatedAnswer{.bytes = answer.size, .answers = answer.header.answers};
  } else if (asked->rcode == dns::noerror || asked->rcode == dns::nxdomain) {
    asked->state = State::final;
    asked->answers = answer.header.answers;
  } else {
    asked->state = State::error;
  }
}

void OpenLookup::connecting(const WireEvent& event) {
  asks(event.server);
  last_activity_ = event.at;
  last_word_.clear();
}

void OpenLookup::refused(const WireEvent& event, std::string reason) {
  if (all_final()) return;
  last_activity_ = decided_at_ = event.at;
  last_word_ = std::move(reason);
}

CapturedLookup OpenLookup::result(Duration capture_end) const {
  CapturedLookup lookup = result_;
  lookup.answers = answers();
  const auto worst = std::ranges::max_element(asked_, {}, &Asked::rcode);
  if (decided() && answers() > 0 && all_final()) {
    lookup.end = CapturedEnd::answered;
  } else if (decided()) {
    lookup.end = CapturedEnd::failed;
    lookup.reason = worst->rcode == dns::noerror ? "no data" : dns::rcode_name(worst->rcode);
  } else if (!last_word_.empty()) {
    lookup.end = CapturedEnd::failed;
    lookup.reason = last_word_;
  }
  lookup.duration = (lookup.censored() ? capture_end : decided_at_) - lookup.start;
  return lookup;
}

}  // namespace hanglab::replay
