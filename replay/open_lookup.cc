#include "replay/open_lookup.hh"

#include <algorithm>
#include <numeric>
#include <utility>

#include "replay/captured_attempts.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

constexpr Duration longest_retry = 45s;      // between two tries of one lookup
constexpr Duration soonest_retry = 200ms;    // while nothing came back
constexpr Duration at_once = 200ms;          // after an answer or an error
constexpr Duration own_time = 6s;            // of a program that does not heed an error: musl's 5 s at most
constexpr Duration first_syn_timeout = 1s;   // RFC 6298, 2.1
constexpr Duration longest_silence = 10min;  // on a connection, which has no timeout of its own
// glibc holds each address in 40 octets of its first buffer of 1024: two dozen fill it.
constexpr std::size_t answers_worth_a_larger_buffer = 16;

}  // namespace

TcpEnd SocketUse::end() const {
  if (answered) return TcpEnd::answered;
  if (established) return TcpEnd::silent;
  if (refused) return TcpEnd::refused;
  return TcpEnd::unanswered;
}

OpenLookup::OpenLookup(const IpAddress& client, std::string name, Duration start)
    : result_{.client = client, .name = std::move(name), .start = start},
      last_activity_(start),
      last_sign_(start) {}

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

// Timers of the kernel are late by up to an eighth (models/linux/timer_wheel.hh).
Duration OpenLookup::longest_pause() const { return std::max(longest_retry, syn_distance_ * 9 / 4); }

bool OpenLookup::continues_with(const WireEvent& event, const DnsMessage& query) const {
  if (stale(event.at)) return false;
  const bool follows_at_once = event.at - last_activity_ <= at_once;
  const Asked* asked = find(query.question->type);
  if (asked == nullptr && asked_.size() == most_types) return false;
  if (uses_.size() >= most_uses || !has_room()) return false;
  const bool asked_before = asked != nullptr && asked->in_this_round;
  if (asked_before && asked->state != State::final && asked->id == query.header.id) return true;
  if (all_final()) return follows_at_once && (!asked_before || answers() >= answers_worth_a_larger_buffer);
  if (decided() || last_word_) return follows_at_once;
  // Two programs that ask for one name at the same time.
  if (asked_before && asked->state == State::pending && event.at - asked->at < soonest_retry) return false;
  return true;
}

bool OpenLookup::repeats(const DnsMessage& query) const {
  const Asked* asked = find(query.question->type);
  return asked != nullptr && asked->in_this_round &&
         (asked->state == State::final || asked->id != query.header.id);
}

bool OpenLookup::expects_tcp(Duration now) const {
  if (stale(now) || all_final()) return false;
  if (last_word_ && now - last_activity_ > at_once) return false;
  return result_.truncated.has_value() && uses_.size() < most_uses;
}

Duration OpenLookup::deadline() const {
  if (all_final()) return last_activity_ + at_once;
  // An ICMP error that met a busy socket is overlooked, and the SYN repeated.
  if (decided() || (last_word_ && last_word_->kind != TryEnd::Kind::icmp)) return last_activity_ + own_time;
  const bool connected = std::ranges::any_of(
      uses_, [](const SocketUse& use) { return use.established && !use.over && !use.answered; });
  if (connected && !last_word_) return std::max(last_activity_, last_sign_) + longest_silence;
  return last_activity_ + longest_pause();
}

SocketUse* OpenLookup::use(std::size_t socket) {
  const auto found = std::ranges::find(uses_, socket, &SocketUse::socket);
  return found == uses_.end() ? nullptr : &*found;
}

void OpenLookup::join(const SocketUse& use) {
  uses_.push_back(use);
  latest_socket_ = use.socket;
}

void OpenLookup::take(const LookupStep& step) {
  follow(step);
  if (has_room()) steps_.push_back(step);
}

void OpenLookup::follow(const LookupStep& step) {
  switch (step.what) {
    case LookupStep::What::query: return query(step);
    case LookupStep::What::answer: return answer(step);
    case LookupStep::What::refused: return refused(step);
    case LookupStep::What::connected: return;
    case LookupStep::What::connecting: break;
  }
  asks(step.server);
  const bool again = last_syn_ != Duration(0) && last_syn_ <= step.at;
  syn_distance_ = again && step.at - last_syn_ < longest_retry ? step.at - last_syn_ : Duration(0);
  last_syn_ = last_activity_ = step.at;
  sent(step.at);
  last_word_.reset();
}

void OpenLookup::asks(const Endpoint& server) {
  if (servers_.size() < most_servers && std::ranges::find(servers_, server) == servers_.end())
    servers_.push_back(server);
}

void OpenLookup::heed(Duration at) {
  const bool failed = last_word_ || (decided() && !all_final());
  if (failed && at - last_activity_ > at_once) heedless_ = true;
}

void OpenLookup::query(const LookupStep& step) {
  if (!asked_.empty()) heed(step.at);
  const std::uint16_t type = step.type.value_or(0);
  asks(step.server);
  if (find(type) == nullptr) asked_.push_back({.type = type, .in_this_round = false});
  auto& asked = *std::ranges::find(asked_, type, &Asked::type);
  if (asked.in_this_round && all_final()) {
    ++result_.rounds;
    for (auto& each : asked_) each.in_this_round = false;
  }
  if (!asked.in_this_round) {
    asked = {.type = type};
  } else if (step.transport == Transport::udp) {
    ++result_.retries;
  }
  if (step.transport == Transport::udp) ++result_.udp_queries;
  // glibc repeats over TCP what UDP has answered already, and waits for it again.
  if (asked.state == State::error || (asked.state == State::final && step.transport == Transport::tcp)) {
    asked.state = State::pending;
    asked.answers = 0;
  }
  asked.id = step.id;
  asked.at = last_activity_ = step.at;
  sent(step.at);
  last_word_.reset();
}

void OpenLookup::answer(const LookupStep& step) {
  const auto asked = step.type ? std::ranges::find(asked_, *step.type, &Asked::type)
                               : std::ranges::find(asked_, step.id, &Asked::id);
  if (asked == asked_.end() || asked->state == State::final) return;
  last_activity_ = decided_at_ = step.at;
  last_sign_ = std::max(last_sign_, step.at);
  last_word_.reset();
  asked->rcode = step.rcode;
  if (step.truncated && step.transport == Transport::udp) {
    asked->state = State::truncated;
    if (!result_.truncated) result_.truncated = TruncatedAnswer{.bytes = step.size, .answers = step.answers};
  } else if (asked->rcode == dns::noerror || asked->rcode == dns::nxdomain) {
    asked->state = State::final;
    asked->answers = step.answers;
  } else {
    asked->state = State::error;
  }
}

// What becomes of a connection matters until the lookup has opened another one.
void OpenLookup::refused(const LookupStep& step) {
  if (all_final() || latest_socket_ != step.socket) return;
  last_activity_ = decided_at_ = step.at;
  last_sign_ = std::max(last_sign_, step.at);
  last_word_ = step.end;
}

std::optional<std::size_t> OpenLookup::repeated_after(std::size_t socket) const {
  auto after = std::ranges::find(uses_, socket, &SocketUse::socket);
  if (after == uses_.end()) return {};
  after = std::find_if(after + 1, uses_.end(), [](const SocketUse& use) { return use.repeats; });
  if (after == uses_.end()) return {};
  return after->socket;
}

std::vector<std::size_t> OpenLookup::guessed_after(std::size_t socket) const {
  std::vector<std::size_t> guessed;
  auto after = std::ranges::find(uses_, socket, &SocketUse::socket);
  for (; after != uses_.end(); ++after)
    if (after->guess && after->socket != socket) guessed.push_back(after->socket);
  return guessed;
}

OpenLookup OpenLookup::split_from(std::size_t socket) {
  const auto first = std::ranges::find(uses_, socket, &SocketUse::socket);
  const std::vector<SocketUse> theirs(first, uses_.end());
  uses_.erase(first, uses_.end());
  const auto is_theirs = [&](const LookupStep& step) {
    return std::ranges::find(theirs, step.socket, &SocketUse::socket) != theirs.end();
  };
  OpenLookup other(client(), name(), theirs.front().opened_at);
  other.uses_.assign(theirs.begin(), theirs.end());
  // A connection among them may be older; what it did before was not for this lookup.
  std::ranges::copy_if(steps_, std::back_inserter(other.steps_),
                       [&](const LookupStep& step) { return is_theirs(step) && step.at >= other.start(); });
  steps_.erase(std::remove_if(steps_.begin(), steps_.end(), is_theirs), steps_.end());
  retell();
  other.retell();
  return other;
}

SocketUse OpenLookup::leave(std::size_t socket, std::vector<LookupStep>& steps) {
  const auto use = std::ranges::find(uses_, socket, &SocketUse::socket);
  SocketUse left = *use;
  uses_.erase(use);
  const auto is_its = [socket](const LookupStep& step) { return step.socket == socket; };
  std::ranges::copy_if(steps_, std::back_inserter(steps), is_its);
  steps_.erase(std::remove_if(steps_.begin(), steps_.end(), is_its), steps_.end());
  retell();
  return left;
}

void OpenLookup::retell() {
  OpenLookup again(client(), name(), result_.start);
  std::vector<std::size_t> joined;
  for (const LookupStep& step : steps_) {
    if (std::ranges::find(joined, step.socket) == joined.end())
      joined.push_back(again.latest_socket_ = step.socket);
    again.follow(step);
  }
  again.uses_ = std::move(uses_);
  again.steps_ = std::move(steps_);
  *this = std::move(again);
}

bool OpenLookup::may_repeat_syn(Duration now) const {
  if (!last_word_ || last_word_->kind != TryEnd::Kind::icmp) return false;
  const auto use = std::ranges::find(uses_, latest_socket_, &SocketUse::socket);
  return use != uses_.end() && use->syns == 1 && now < last_syn_ + first_syn_timeout * 9 / 8;
}

CapturedLookup OpenLookup::result(bool with_attempts, std::optional<Duration> capture_end) && {
  CapturedLookup& lookup = result_;
  lookup.servers.assign(servers_.begin(), servers_.end());
  lookup.types.resize(asked_.size());
  std::ranges::transform(asked_, lookup.types.begin(), &Asked::type);
  lookup.answers = answers();
  const bool cut_off = capture_end && may_repeat_syn(*capture_end);
  if (decided() && answers() > 0 && all_final()) {
    lookup.end = CapturedEnd::answered;
  } else if (decided() && (all_final() || !heedless_)) {
    const auto worst = std::ranges::max_element(asked_, {}, &Asked::rcode);
    lookup.end = CapturedEnd::failed;
    lookup.reason =
        worst == asked_.end() || worst->rcode == dns::noerror ? "no data" : dns::rcode_name(worst->rcode);
  } else if (last_word_ && !heedless_ && !cut_off) {
    lookup.end = CapturedEnd::failed;
    lookup.reason = to_string(*last_word_);
  }
  lookup.duration = (lookup.censored() ? last_sign_ : decided_at_) - lookup.start;
  for (const SocketUse& use : uses_) {
    lookup.packets += use.packets;
    if (use.transport == Transport::udp) continue;
    lookup.syns += use.syns;
    ++lookup.connections;
    lookup.tcp = std::max(lookup.tcp, use.end());
  }
  if (with_attempts) lookup.attempts = attempts_of(steps(), lookup.start, lookup.start + lookup.duration);
  return std::move(result_);
}

}  // namespace hanglab::replay
