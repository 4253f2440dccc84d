// A program whose system calls go to this kernel: what one blocks in is waited for by the event loop, in
// which any number of programs run at once. Results and errors are the kernel's own. Three things differ:
//
// - `work` takes no time: what a real program does between its calls is not imitated.
// - It may send to one server alone, from sockets of either version of IP. To others a datagram socket can be
// connected, as address sorting does,
//   which sends nothing; everything else is EACCES. Programs that know no port but 53 see the server at 53.
// - SYNs are counted by TCP_INFO every 50 ms and at the connection's end: so exact are their times.
#pragma once

#include <list>
#include <optional>
#include <vector>

#include "core/random.hh"
#include "models/posix/posix.hh"
#include "sockets/event_loop.hh"

namespace hanglab::sockets {

class Program final : public posix::Posix {
 public:
  // Told whenever the program has run until its next call that waits, or its end.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void went_on() = 0;
  };

  struct Settings {
    Endpoint server{};             // as it is reached; its address is not one that stands for IPv4
    std::uint16_t port_seen = 53;  // where the program believes it
    std::optional<IpAddress>
        source{};  // what it sends from over that version of IP; else the kernel's choice
  };

  Program(EventLoop& loop, Owner& owner, Settings settings, Random random,
          std::vector<posix::SyscallObserver*> observers);
  ~Program() override;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  // Tells the observers which calls are still waiting. Its coroutine must not be resumed any more.
  void interrupt();

  // posix::Posix
  void enter(posix::Syscall& call) override;
  void abandon(posix::Syscall& call) override;
  TimePoint now() const override { return loop_.now(); }
  std::uint64_t random() override { return random_.next(); }

  // For the event loop.
  void go_on(posix::Syscall& call);  // a call of it has returned
  void socket_changed(int fd, std::uint32_t events);
  void timed_out(WaitingCall& waiting);
  void count_syns();

 private:
  using Syscall = posix::Syscall;
  using Result = posix::Result;
  using MaybeResult = std::optional<Result>;  // nothing: it has to wait

  MaybeResult attempt(Syscall& call);
  MaybeResult attempt_again(WaitingCall& waiting, std::uint32_t events);
  Result open_socket(const Syscall& call);
  Result set_option(Descriptor& descriptor, const Syscall& call);
  Result bind(Descriptor& descriptor, int fd);
  MaybeResult connect(Descriptor& descriptor, const Syscall& call);
  Result connect_datagrams(Descriptor& descriptor, const Syscall& call);
  Result start_connection(Descriptor& descriptor, const Syscall& call);
  Result disconnect(Descriptor& descriptor, int fd);
  Result getsockname(Syscall& call) const;
  Result take_error(Descriptor& descriptor, int fd);
  MaybeResult poll(Syscall& call);
  Result poll_now(Syscall& call);
  MaybeResult send(Descriptor& descriptor, const Syscall& call);
  MaybeResult send_messages(Descriptor& descriptor, const Syscall& call, const Endpoint& to);
  MaybeResult write(Descriptor& descriptor, const Syscall& call, std::size_t& written);
  MaybeResult open_fast(Descriptor& descriptor, const Syscall& call);
  MaybeResult receive(Descriptor& descriptor, Syscall& call);
  Result receive_datagram(Descriptor& descriptor, int fd, std::span<std::uint8_t> into) const;
  Result size_of_next(Descriptor& descriptor, int fd);

  Endpoint reached_at(const Endpoint& seen) const;
  Endpoint seen_at(const Endpoint& reached) const;
  bool is_server(const IpAddress& address) const;
  bool may_send_to(const Endpoint& seen) const;
  Result failed(Descriptor& descriptor, int error) const;
  int set_v6only(Descriptor& descriptor, const Syscall& call);
  // Gives it its options, and the source address for packets to there; errno.
  int prepare(Descriptor& descriptor, int fd, const IpAddress& to);
  void began_to_connect(Descriptor& descriptor, int fd);
  void ended_to_connect(Descriptor& descriptor, int fd);
  void count_syns(Descriptor& descriptor, int fd);
  void watch(int fd);  // what the waiting calls want to know of it

  EventLoop& loop_;
  Owner& owner_;
  Settings settings_;
  Random random_;
  std::vector<posix::SyscallObserver*> observers_;
  std::vector<int> open_;
  std::list<WaitingCall> waiting_;
  int connecting_ = 0;
};

}  // namespace hanglab::sockets
