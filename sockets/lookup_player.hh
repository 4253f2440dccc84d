// Lookups on real sockets: each is one call of a modelled stub resolver, a program of its own, begun at its
// time. What comes of it is a record as the worlds write it. The loop is closed: a truncated answer leads to
// a real TCP connection, a lost one to the resolver's own repetition, and the time until the call returns is
// the hang.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "core/lookup.hh"
#include "core/workload.hh"
#include "models/linux/nsswitch.hh"
#include "models/linux/resolv_conf.hh"
#include "models/resolvers/resolver.hh"
#include "sockets/event_loop.hh"

namespace hanglab::sockets {

// What every player finds on its host.
struct PlayerHost {
  Endpoint server{};               // the one that lookups are sent to
  std::string resolv_conf_text{};  // names the server's address
  kernel::NssHosts nsswitch{};
  std::string etc_hosts{};
};

struct PlayOptions {
  std::string scenario{};  // the records' name for it
  std::uint64_t seed = 1;
  Duration give_up{};            // a lookup that still waits after this is hung, and censored
  std::size_t most_at_once = 1;  // further ones begin when one of these has ended
  bool traces = false;
  bool keep_ports = false;  // of closed sockets, for the next ones (socket_table.hh)
};

// A lookup and when it is to begin.
struct DueLookup {
  const PlannedLookup* plan = nullptr;
  std::uint64_t run = 0;
  Duration run_began{};               // due() of the run's first instant
  Duration due{};                     // since the play began
  std::optional<IpAddress> source{};  // the client's address
};

struct PlayedLookup {
  const PlannedLookup* plan = nullptr;
  Lookup record;
  Duration began{};     // since the play began
  Duration late{};      // behind its time, when it began
  std::string trace{};  // its system calls, as strace prints them
};

class LookupPlayer {
 public:
  // Gives lookups in the order of their times.
  using Next = std::function<std::optional<DueLookup>()>;
  // May swap it for one that it is done with, whose memory is used again.
  using Take = std::function<void(PlayedLookup&)>;
  // Asked a few times a second; true ends the play: what waits is recorded as hung.
  using Stop = std::function<bool()>;

  // Throws InputError for a resolv.conf that cannot be had.
  LookupPlayer(PlayerHost host, PlayOptions options);
  ~LookupPlayer();
  LookupPlayer(const LookupPlayer&) = delete;
  LookupPlayer& operator=(const LookupPlayer&) = delete;

  // Plays them all; false if it was stopped before. Takes each lookup when it has ended.
  bool play(const Next& next, const Take& take, const Stop& stop);

 private:
  class Play;

  void begin(const DueLookup& lookup);
  void ended(Play& play);
  void begin_those_due();
  void give_up_the_overdue();
  TimePoint next_event() const;

  PlayerHost host_;
  PlayOptions options_;
  kernel::ResolvConf resolv_conf_;
  EventLoop loop_;
  Next next_;
  Take take_;
  std::optional<DueLookup> upcoming_{};
  TimePoint began_{};
  std::uint64_t number_ = 0;  // of lookups begun
  std::list<Play> at_work_;   // the oldest first
  std::list<Play> idle_;
};

}  // namespace hanglab::sockets
