// Many programs on real sockets in one thread: epoll(7), CLOCK_MONOTONIC, and the calls that wait. A program
// runs on as long as its calls return at once; then the next one has its turn.
#pragma once

#include <sys/epoll.h>

#include <boost/intrusive/set.hpp>

#include <vector>

#include "core/time.hh"
#include "models/posix/posix.hh"
#include "sockets/socket_table.hh"

namespace hanglab::sockets {

// A system call that waits for a descriptor or for its time.
struct WaitingCall {
  posix::Syscall* call = nullptr;
  Program* program = nullptr;
  TimePoint deadline = TimePoint::max();
  std::size_t written = 0;  // of what it has to write
  boost::intrusive::set_member_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> timer{};
};

class EventLoop {
 public:
  explicit EventLoop(bool keep_ports = false);
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  TimePoint now() const;
  SocketTable& sockets() { return sockets_; }

  // Waits until something happens, but not past `until`, and lets the programs run that it concerns.
  void turn(TimePoint until);
  // Lets all programs run whose calls have returned.
  void run_programs();

  // For Program. Its call has its result: the program is resumed later.
  void returned(Program& program, posix::Syscall& call) { returned_.push_back({&program, &call}); }
  void forget(const posix::Syscall& call);
  // From now on it may time out.
  void set_timer(WaitingCall& waiting, TimePoint deadline);
  // As long as a connection of the program waits for its end, the SYNs of it are counted time and again.
  void count_syns_of(Program& program);
  void stop_counting(Program& program);
  // Room for a datagram of any size, until the next call of anyone.
  std::span<std::uint8_t> scratch() { return scratch_; }

 private:
  struct Returned {
    Program* program;
    posix::Syscall* call;
  };
  struct Sooner {
    bool operator()(const WaitingCall& a, const WaitingCall& b) const { return a.deadline < b.deadline; }
  };
  using Timers = boost::intrusive::multiset<
      WaitingCall, boost::intrusive::compare<Sooner>,
      boost::intrusive::member_hook<WaitingCall, decltype(WaitingCall::timer), &WaitingCall::timer>,
      boost::intrusive::constant_time_size<false>>;

  int wait(TimePoint until);
  void dispatch(int events);
  void expire();
  void count_syns();

  SocketTable sockets_;
  std::vector<epoll_event> ready_;
  std::vector<std::uint8_t> scratch_;
  std::vector<Returned> returned_;  // the latest goes on first, while its data are in the cache
  Timers timers_;
  std::vector<Program*> connecting_;
  TimePoint next_count_ = TimePoint::max();
};

}  // namespace hanglab::sockets
