#include "sockets/lookup_player.hh"

#include <algorithm>

#include "core/error.hh"
#include "models/posix/attempt_log.hh"
#include "models/posix/strace.hh"
#include "sockets/program.hh"

namespace hanglab::sockets {

namespace {

constexpr int first_pid = 1000;
constexpr std::size_t begun_in_a_turn = 64;  // then it is looked what has come back
constexpr Duration stop_interval = std::chrono::milliseconds(100);

}  // namespace

// One lookup at work: its program, its observers, its record.
class LookupPlayer::Play final : public Program::Owner {
 public:
  explicit Play(LookupPlayer& player) : player_(player) {}

  std::list<Play>::iterator self{};

  void begin(const DueLookup& lookup, std::uint64_t number) {
    const PlannedLookup& plan = *lookup.plan;
    const PlayOptions& options = player_.options_;
    began_ = player_.loop_.now();
    played_.plan = lookup.plan;
    played_.began = began_ - player_.began_;
    played_.late = played_.began - lookup.due;
    Lookup& record = played_.record;
    record.scenario = options.scenario;
    record.run = lookup.run;
    record.seed = options.seed;
    record.host = plan.host;
    record.client = plan.client;
    record.call = plan.call;
    record.name = plan.name;
    record.start = played_.began - lookup.run_began;
    log_.begin(began_);
    std::vector<posix::SyscallObserver*> observers{&log_};
    if (options.traces) observers.push_back(&strace_.emplace(first_pid + static_cast<int>(number)));
    Random random(options.seed, lookup.run, "lookup/" + std::to_string(number));
    source_ = lookup.source;
    program_.emplace(player_.loop_, *this,
                     Program::Settings{.server = player_.host_.server, .source = lookup.source}, random,
                     std::move(observers));
    task_.emplace(plan_resolver(plan)(*program_, environment(), plan.name, plan.family));
    task_->start();
    went_on();
  }

  TimePoint began() const { return began_; }

  void went_on() override {
    if (!task_->done()) return;
    const resolvers::Answer answer = task_->result();
    end(answer.error.empty() ? Outcome::answered : Outcome::failed, answer.error, answer.addresses.size());
  }

  void give_up() {
    program_->interrupt();
    end(Outcome::hung, {}, 0);
  }

  PlayedLookup& played() { return played_; }

 private:
  void end(Outcome outcome, const std::string& error, std::size_t addresses) {
    Lookup& record = played_.record;
    record.duration = player_.loop_.now() - began_;
    record.outcome = outcome;
    record.censored = outcome == Outcome::hung;
    record.error = error;
    record.addresses = addresses;
    log_.take(record.attempts);
    for (Attempt& attempt : record.attempts)
      if (attempt.server.address == player_.host_.server.address) attempt.server = player_.host_.server;
    if (strace_) played_.trace = strace_->take();
    task_.reset();
    program_.reset();
    player_.ended(*this);
  }

  static resolvers::Resolver plan_resolver(const PlannedLookup& plan) {
    const auto resolver = resolvers::find_resolver(plan.client);
    if (!resolver) throw InputError("no client '" + plan.client + "'");
    return resolver;
  }

  resolvers::Environment environment() const {
    const PlayerHost& host = player_.host_;
    return {.resolv_conf = player_.resolv_conf_,
            .resolv_conf_text = host.resolv_conf_text,
            .nss_hosts = host.nsswitch,
            .etc_hosts = host.etc_hosts,
            .hostname = "localhost",
            .addresses = source_ ? std::span(&*source_, 1) : std::span<const IpAddress>()};
  }

  LookupPlayer& player_;
  TimePoint began_{};
  PlayedLookup played_;
  std::optional<IpAddress> source_;
  posix::AttemptLog log_;
  std::optional<posix::Strace> strace_;
  std::optional<Program> program_;
  std::optional<posix::Task<resolvers::Answer>> task_;
};

LookupPlayer::LookupPlayer(PlayerHost host, PlayOptions options)
    : host_(std::move(host)),
      options_(std::move(options)),
      resolv_conf_(kernel::parse_resolv_conf(host_.resolv_conf_text)),
      loop_(options_.keep_ports) {}

LookupPlayer::~LookupPlayer() = default;

bool LookupPlayer::play(const Next& next, const Take& take, const Stop& stop) {
  next_ = next;
  take_ = take;
  began_ = loop_.now();
  upcoming_ = next_();
  TimePoint look_again = began_ + stop_interval;
  while (upcoming_ || !at_work_.empty()) {
    begin_those_due();
    give_up_the_overdue();
    loop_.turn(std::min(next_event(), look_again));
    if (loop_.now() < look_again) continue;
    look_again = loop_.now() + stop_interval;
    if (!stop()) continue;
    while (!at_work_.empty()) at_work_.front().give_up();
    return false;
  }
  return true;
}

TimePoint LookupPlayer::next_event() const {
  TimePoint at = TimePoint::max();
  if (upcoming_ && at_work_.size() < options_.most_at_once) at = began_ + upcoming_->due;
  if (!at_work_.empty()) at = std::min(at, at_work_.front().began() + options_.give_up);
  return at;
}

void LookupPlayer::begin_those_due() {
  for (std::size_t i = 0; i < begun_in_a_turn && upcoming_ && at_work_.size() < options_.most_at_once; ++i) {
    if (loop_.now() < began_ + upcoming_->due) return;
    const DueLookup lookup = *upcoming_;
    upcoming_ = next_();
    begin(lookup);
  }
}

void LookupPlayer::begin(const DueLookup& lookup) {
  if (idle_.empty()) idle_.emplace_front(*this);
  at_work_.splice(at_work_.end(), idle_, idle_.begin());
  Play& play = at_work_.back();
  play.self = std::prev(at_work_.end());
  play.begin(lookup, number_++);
  loop_.run_programs();
}

void LookupPlayer::ended(Play& play) {
  idle_.splice(idle_.begin(), at_work_, play.self);
  take_(play.played());
}

void LookupPlayer::give_up_the_overdue() {
  if (at_work_.empty()) return;
  const TimePoint now = loop_.now();
  while (!at_work_.empty() && now - at_work_.front().began() >= options_.give_up) at_work_.front().give_up();
}

}  // namespace hanglab::sockets
