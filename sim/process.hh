// A program on a simulated host: its descriptors and its system calls, one at a time for each of its
// tasks. A call that cannot be satisfied waits until a socket changes or its timeout runs; what each
// costs is the scenario's `cpu`, and tasks do not wait for one another's.
#pragma once

#include <ns3/event-id.h>

#include <list>
#include <memory>
#include <variant>
#include <vector>

#include "models/posix/posix.hh"
#include "sim/host.hh"

namespace hanglab::sim {

class Process final : public posix::Posix, public SocketOwner {
 public:
  Process(Host& host, Random random, std::vector<posix::SyscallObserver*> observers);
  ~Process() override;
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // exit(2): the kernel closes what is open. No task of the program may wait for a call any more.
  void exit();

  // The end of observation: tells the observers which calls are still waiting.
  void interrupt();

  // posix::Posix
  void enter(posix::Syscall& call) override;
  void abandon(posix::Syscall& call) override;
  TimePoint now() const override { return host_.clock().now(); }
  std::uint64_t random() override { return random_.next(); }

  // SocketOwner
  void socket_changed() override;
  void syn_sent(const void* socket) override;

 private:
  struct Descriptor {
    int fd = -1;
    Transport transport = Transport::udp;
    bool nonblocking = false;
    IpVersion version = IpVersion::v4;
    std::unique_ptr<UdpSocket> udp{};
    std::shared_ptr<TcpConnection> tcp{};
    std::optional<std::uint16_t> maxseg{};  // of a stream that is yet to be connected
    std::optional<int> syncnt{};            // likewise
    bool fast_open = false;                 // likewise
  };

  using Syscall = posix::Syscall;
  using MaybeResult = std::optional<posix::Result>;

  // A call at work.
  struct Pending {
    Syscall* call = nullptr;
    bool busy = false;        // it is being tried, or its return is scheduled
    bool connecting = false;  // a stream's connect() has sent its SYN and waits
    ns3::EventId event{};
  };

  Descriptor* find(int fd);
  MaybeResult attempt(Pending& pending);  // what the call returns now; nothing: it has to wait
  posix::Result open_socket(const Syscall& call);
  posix::Result set_option(Descriptor& descriptor, const Syscall& call);
  posix::Result bind(Descriptor& descriptor);
  MaybeResult connect(Descriptor& descriptor, Pending& pending);
  MaybeResult connect_progress(Descriptor& descriptor);
  static Endpoint local_address(const Descriptor& descriptor);
  // EAFNOSUPPORT of an address that the socket cannot reach; what an IPv6 socket maps is IPv4's on the way
  // down and mapped on the way up.
  static bool fits(const Descriptor& descriptor, const Endpoint& address);
  static Endpoint below(const Endpoint& address);
  static Endpoint above(const Descriptor& descriptor, const Endpoint& address);
  posix::Result take_error(Descriptor& descriptor);
  MaybeResult poll(Syscall& call);
  posix::Result send(Descriptor& descriptor, const Syscall& call);
  MaybeResult write(Descriptor& descriptor, Pending& pending);
  MaybeResult receive(Descriptor& descriptor, Syscall& call);
  MaybeResult read(Descriptor& descriptor, Syscall& call);
  posix::Result close(int fd);
  void close(Descriptor& descriptor);
  short readiness(Descriptor& descriptor) const;

  void return_after(Pending& pending, Duration cost);
  void complete(Pending* pending);
  void timeout(Pending* pending);

  Host& host_;
  Random random_;
  std::vector<posix::SyscallObserver*> observers_;
  std::vector<Descriptor> descriptors_;
  std::list<Pending> pending_;  // in the order in which they were entered
};

}  // namespace hanglab::sim
