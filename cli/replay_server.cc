#include "cli/replay_server.hh"

#include <fmt/format.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "cli/interrupt.hh"
#include "cli/own_network.hh"
#include "cli/programme.hh"
#include "cli/progress.hh"
#include "cli/record_thread.hh"
#include "cli/replay_table.hh"
#include "cli/replay_tally.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "replay/capture_lookups.hh"

namespace hanglab::cli {

namespace {

using sockets::PlayedLookup;

constexpr std::size_t clients_at_once = 10'000;
constexpr std::size_t clients_at_top_speed = 100;  // so many datagrams a server's receive buffer holds
constexpr std::size_t told_side_by_side = 12;      // lookups that are shown as captured and as replayed
constexpr std::size_t names_apart = 8;             // rows of the table, before names share one
constexpr std::size_t other_files = 100;           // that the program has open beside its sockets

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
  if (!is_this_host(replay.server.endpoint().address))
    require_own_network(pace.own_network, fmt::format("--server {}", replay.server.server),
                        "is not on this host, and many lookups at once can harm a network and a server");
}

// What the records say of their origin.
scenario::Scenario scenario_of(const ServerReplay& replay, const sockets::PlayerHost& host,
                               const std::string& software) {
  const std::string server = to_string(host.server);
  scenario::Scenario scenario;
  scenario.name = fmt::format("{} at {}", std::filesystem::path(replay.capture).filename().string(), server);
  scenario.text = fmt::format("server: {}\nclient: {}\nresolv.conf: |\n{}nsswitch: {}\n", server, software,
                              host.resolv_conf_text, replay.server.nsswitch);
  return scenario;
}

sockets::PlayOptions play_options(const ServerReplay& replay, const std::string& scenario,
                                  std::uint64_t seed) {
  return {.scenario = scenario,
          .seed = seed,
          .give_up = replay.server.longest_hang(),
          .most_at_once = make_room_for(replay.server.clients, replay.pace.top_speed),
          .traces = replay.output.traces,
          .keep_ports = replay.server.keep_ports};
}

OutputSettings output_settings_for(const ServerReplay& replay, const Programme& programme) {
  OutputSettings settings = replay.output;
  if (const std::size_t names = programme.names(); names > names_apart)
    settings.all_names = fmt::format("{} names", names);
  return settings;
}

// Where lookups go when they have ended: in a thread of their own until the play is over.
class Recording {
 public:
  Recording(Outputs& outputs, const OutputSettings& settings, const Programme& programme)
      : outputs_(outputs),
        traces_(settings.traces),
        programme_(programme),
        side_by_side_(settings.format == Format::table && programme.size() <= told_side_by_side) {
    if (side_by_side_) shown_.resize(programme.size());
  }

  // Leaves in the batch what was taken before, whose memory is used again.
  void take(RecordThread::Batch batch) {
    taken_.lookups.resize(batch.size());
    taken_.syscalls.clear();
    for (std::size_t i = 0; i < batch.size(); ++i) {
      PlayedLookup& played = batch[i];
      tally_.add(played);
      if (side_by_side_) shown_[programme_.index_of(played.record.run, played.plan)] = played.record;
      std::swap(taken_.lookups[i], played.record);
      if (traces_) taken_.syscalls.push_back(std::move(played.trace));
    }
    outputs_.take(0, taken_);
  }

  const ReplayTally& tally() const { return tally_; }

  // Each run, as captured and as replayed, where there are few lookups.
  void print_side_by_side(Duration capture_end) const {
    const auto& captured = programme_.captured();
    for (std::size_t at = 0; at < shown_.size(); at += captured.size())
      fmt::print("{}\n", replay_table(captured, std::span(shown_).subspan(at, captured.size()), capture_end));
  }

 private:
  Outputs& outputs_;
  bool traces_;
  const Programme& programme_;
  bool side_by_side_;
  RunResult taken_;
  std::vector<Lookup> shown_;  // in the programme's order
  ReplayTally tally_;
};

// False if it was interrupted.
bool play(const sockets::PlayerHost& host, const sockets::PlayOptions& options, Programme& programme,
          Recording& recording, Format format) {
  RecordThread records([&](RecordThread::Batch batch) { recording.take(batch); });
  Progress progress("lookups", programme.size(), format != Format::table);
  std::uint64_t done = 0;
  catch_interrupts();
  sockets::LookupPlayer player(host, options);
  const bool complete = player.play([&] { return programme.next(); },
                                    [&](PlayedLookup& played) {
                                      ++done;
                                      records.add(played);
                                    },
                                    [&] {
                                      records.hand_on();
                                      progress.reached(done);
                                      return interrupted();
                                    });
  records.finish();
  return complete;
}

}  // namespace

int replay_to_server(const ServerReplay& replay) {
  check(replay);
  const std::string software = replay.server.client_software();
  const auto contents = replay::read_lookups(replay.capture, replay.selection);
  fmt::print(stderr, "{}", capture_report(replay.capture, contents));
  Programme programme(replayable_lookups(replay.capture, contents), software, replay.server, replay.pace);

  const auto host = replay.server.host();
  const std::uint64_t seed = seed_of(replay);
  const auto scenario = scenario_of(replay, host, software);
  const auto options = play_options(replay, scenario.name, seed);
  const auto settings = output_settings_for(replay, programme);
  Outputs outputs(settings, scenario, provenance(replay, scenario, seed));
  Recording recording(outputs, settings, programme);
  const bool complete = play(host, options, programme, recording, settings.format);
  if (complete) recording.print_side_by_side(contents.summary.last_at);
  outputs.finish(complete);
  const ReplayTally& tally = recording.tally();
  fmt::print(settings.format == Format::table ? stdout : stderr, "{}", tally.text(!replay.pace.top_speed));
  if (!complete) {
    fmt::print(stderr, "hanglab: interrupted after {} of {} lookups\n", tally.begun(), programme.size());
    return ExitStatus::interrupted;
  }
  if (tally.queries() == 0)
    throw Error(fmt::format("nothing was sent to {}: {}", to_string(host.server), tally.a_failure()));
  return status_after(contents.summary.damage);
}

}  // namespace hanglab::cli
