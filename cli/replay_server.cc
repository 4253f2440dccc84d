#include "cli/replay_server.hh"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>

#include "analysis/explain.hh"
#include "analysis/human.hh"
#include "cli/interrupt.hh"
#include "cli/own_network.hh"
#include "cli/progress.hh"
#include "cli/record_thread.hh"
#include "cli/replay_table.hh"
#include "cli/verbs.hh"
#include "core/duration_histogram.hh"
#include "core/error.hh"
#include "replay/capture_lookups.hh"
#include "replay/captured_workload.hh"
#include "replay/send/pace.hh"
#include "scenario/software.hh"

namespace hanglab::cli {

namespace {

using analysis::human;
using replay::CapturedLookup;
using sockets::DueLookup;
using sockets::PlayedLookup;

constexpr std::size_t clients_at_once = 10'000;
constexpr std::size_t clients_at_top_speed = 100;  // so many datagrams a server's receive buffer holds
constexpr std::size_t told_side_by_side = 12;      // lookups that are shown as captured and as replayed
constexpr std::size_t names_apart = 8;             // rows of the table, before names share one
constexpr std::size_t hung_told = 10;
constexpr std::size_t other_files = 100;  // that the program has open beside its sockets

std::uint64_t seed_of(const ServerReplay& replay) {
  if (replay.seed) return *replay.seed;
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != sizeof seed) throw Error("getrandom: no random numbers");
  return seed >> 1;  // as SQLite can hold it
}

// Descriptors for so many lookups: each has up to two sockets at a time.
std::size_t make_room_for(std::size_t told, bool top_speed) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const auto most = (static_cast<std::size_t>(files.rlim_cur) - other_files) / 2;
  if (told > most)
    throw InputError(
        fmt::format("--clients {}: this process may open {} files, enough for {}; raise `ulimit -n`", told,
                    files.rlim_cur, most));
  if (told > 0) return told;
  return std::min(most, top_speed ? clients_at_top_speed : clients_at_once);
}

// The capture's lookups as they are played, and when.
class Programme {
 public:
  Programme(std::vector<CapturedLookup> lookups, const ServerReplay& replay, const std::string& software)
      : lookups_(std::move(lookups)), runs_(replay.pace.loops), pace_(replay.pace.pace()) {
    std::map<IpAddress, replay::StandIn> stand_ins;
    for (const CapturedLookup& lookup : lookups_)
      stand_ins[lookup.client] = {
          .host = to_string(lookup.client), .client = software, .call = scenario::usual_call(software)};
    workload_ = replay::make_workload(lookups_, stand_ins);
    if (replay.server.source.empty()) return;
    const SourceAddresses addresses(replay.server.source, replay.server.endpoint().address);
    std::map<IpAddress, IpAddress> sources;
    addresses.check(stand_ins.size());
    for (const CapturedLookup& lookup : lookups_) {
      const auto [at, fresh] = sources.try_emplace(lookup.client, addresses[sources.size()]);
      sources_.push_back(at->second);
    }
  }

  std::optional<DueLookup> next() {
    if (index_ == workload_.size()) {
      if (++run_ == runs_) return {};
      index_ = 0;
      pace_.begin_again();
    }
    const Duration due = pace_.due(lookups_[index_].start, 0);
    if (index_ == 0) run_began_ = due;
    DueLookup lookup{.plan = &workload_[index_], .run = run_, .run_began = run_began_, .due = due};
    if (!sources_.empty()) lookup.source = sources_[index_];
    ++index_;
    return lookup;
  }

  std::size_t index_of(const PlannedLookup* plan) const {
    return static_cast<std::size_t>(plan - workload_.data());
  }
  std::uint64_t size() const { return runs_ * workload_.size(); }
  const std::vector<CapturedLookup>& captured() const { return lookups_; }
  std::size_t names() const {
    std::set<std::string_view> names;
    for (const PlannedLookup& lookup : workload_) names.insert(lookup.name);
    return names.size();
  }

 private:
  std::vector<CapturedLookup> lookups_;
  Workload workload_;
  std::vector<IpAddress> sources_;  // of each lookup; empty: the kernel's choice
  std::uint64_t runs_;
  replay::Pace pace_;
  std::uint64_t run_ = 0;
  std::size_t index_ = 0;
  Duration run_began_{};
};

// What is told at the end, besides the table.
struct Tally {
  std::uint64_t begun = 0;
  std::uint64_t queries = 0;  // datagrams and SYNs that left
  std::uint64_t hung = 0;
  Duration first{};  // began, of all lookups
  Duration last{};
  DurationHistogram late{};
  std::vector<std::string> hanging{};
  std::string a_failure{};  // of a lookup that sent nothing

  void add(const PlayedLookup& played) {
    const Lookup& lookup = played.record;
    const Duration at = played.began;
    first = begun == 0 ? at : std::min(first, at);
    last = std::max(last, at);
    ++begun;
    late.add(played.late);
    std::uint64_t sent = 0;
    for (const Attempt& attempt : lookup.attempts) sent += attempt.sends.size();
    queries += sent;
    if (sent == 0 && a_failure.empty())
      a_failure = fmt::format("{} ({})", lookup.error, analysis::explain(lookup));
    if (lookup.outcome != Outcome::hung) return;
    if (++hung <= hung_told)
      hanging.push_back(fmt::format("{} asks for {} at {}: {}", lookup.host, lookup.name, human(lookup.start),
                                    analysis::explain(lookup)));
  }

  std::string text(bool timed) const {
    std::string text = fmt::format("{} lookup{} issued", begun, begun == 1 ? "" : "s");
    if (begun > 1 && last > first)
      text += fmt::format(" in {}, {:.0f} a second", human(last - first, 3),
                          static_cast<double>(begun - 1) / to_seconds(last - first));
    text += fmt::format("; {} queries and SYNs sent\n", queries);
    if (timed && begun > 0)
      text += fmt::format("  late by {} (quartile), {} (median), {} (quartile), {} (99 %), {} (most)\n",
                          human(late.percentile(25)), human(late.percentile(50)), human(late.percentile(75)),
                          human(late.percentile(99)), human(late.worst()));
    for (const std::string& line : hanging) text += fmt::format("  hung: {}\n", line);
    if (hung > hung_told) text += fmt::format("  hung: {} more\n", hung - hung_told);
    return text;
  }
};

records::Provenance provenance(const ServerReplay& replay, const scenario::Scenario& scenario,
                               std::uint64_t seed) {
  utsname system{};
  uname(&system);
  return {.command_line = replay.command_line,
          .scenario = scenario.name,
          .scenario_text = scenario.text,
          .seed = seed,
          .runs = replay.pace.loops,
          .versions = {{"hanglab", HANGLAB_VERSION}, {"Linux", system.release}}};
}

void check(const ServerReplay& replay) {
  const FrameOptions& pace = replay.pace;
  if (pace.loops == 0) throw InputError("--loop 0: there is nothing to do");
  if (!pace.bit_rate.empty())
    throw InputError(
        "--mbps: is a pace of frames; --server has lookups, as recorded, at --pps a second or at --topspeed");
  if (replay.output.captures) throw InputError("--pcap: tcpdump captures what goes to --server");
}

}  // namespace

int replay_to_server(const ServerReplay& replay) {
  check(replay);
  const Endpoint server = replay.server.endpoint();
  const std::string software = replay.server.client_software();
  if (!is_this_host(server.address))
    require_own_network(replay.pace.own_network, fmt::format("--server {}", replay.server.server),
                        "is not on this host, and many lookups at once can harm a network and a server");
  const auto contents = replay::read_lookups(replay.capture, replay.selection);
  fmt::print(stderr, "{}", capture_report(replay.capture, contents));
  Programme programme(replayable_lookups(replay.capture, contents), replay, software);

  const auto host = replay.server.host();
  const std::uint64_t seed = seed_of(replay);
  scenario::Scenario scenario;
  scenario.name =
      fmt::format("{} at {}", std::filesystem::path(replay.capture).filename().string(), to_string(server));
  scenario.text = fmt::format("server: {}\nclient: {}\nresolv.conf: |\n{}nsswitch: {}\n", to_string(server),
                              software, host.resolv_conf_text, replay.server.nsswitch);
  const bool timed = !replay.pace.top_speed;
  const sockets::PlayOptions options{.scenario = scenario.name,
                                     .seed = seed,
                                     .give_up = replay.server.longest_hang(),
                                     .most_at_once = make_room_for(replay.server.clients, !timed),
                                     .traces = replay.output.traces,
                                     .keep_ports = replay.server.keep_ports};
  OutputSettings settings = replay.output;
  if (const std::size_t names = programme.names(); names > names_apart)
    settings.all_names = fmt::format("{} names", names);
  Outputs outputs(settings, scenario, provenance(replay, scenario, seed));

  const bool side_by_side = settings.format == Format::table && programme.size() <= told_side_by_side;
  std::vector<Lookup> shown(side_by_side ? programme.size() : 0);
  Tally tally;
  RunResult result;
  RecordThread records([&](RecordThread::Batch batch) {
    result.lookups.resize(batch.size());
    result.syscalls.clear();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      PlayedLookup& played = batch[i];
      tally.add(played);
      if (side_by_side)
        shown[played.record.run * programme.captured().size() + programme.index_of(played.plan)] =
            played.record;
      std::swap(result.lookups[i], played.record);
      if (settings.traces) result.syscalls.push_back(std::move(played.trace));
    }
    outputs.take(0, result);
  });

  catch_interrupts();
  std::uint64_t done = 0;
  bool complete = false;
  {
    Progress progress("lookups", programme.size(), settings.format != Format::table);
    sockets::LookupPlayer player(host, options);
    complete = player.play([&] { return programme.next(); },
                           [&](PlayedLookup& played) {
                             ++done;
                             records.add(played);
                           },
                           [&] {
                             records.hand_on();
                             progress.reached(done);
                             return interrupted();
                           });
  }
  records.finish();
  if (side_by_side && complete)
    for (std::uint64_t run = 0; run < replay.pace.loops; ++run)
      fmt::print("{}\n", replay_table(programme.captured(),
                                      std::span(shown).subspan(run * programme.captured().size(),
                                                               programme.captured().size()),
                                      contents.summary.last_at));
  outputs.finish(complete);
  fmt::print(settings.format == Format::table ? stdout : stderr, "{}", tally.text(timed));
  if (!complete) {
    fmt::print(stderr, "hanglab: interrupted after {} of {} lookups\n", tally.begun, programme.size());
    return ExitStatus::interrupted;
  }
  if (tally.queries == 0)
    throw Error(fmt::format("nothing was sent to {}: {}", to_string(server), tally.a_failure));
  return status_after(contents.summary.damage);
}

}  // namespace hanglab::cli
