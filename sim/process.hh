// A program on a simulated host: its descriptors and its system calls, one at a time. A call that
// cannot be satisfied waits until a socket changes or its timeout runs; what each costs is the
// scenario's `cpu`.
#pragma once

#include <ns3/event-id.h>

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

  // The end of observation: tells the observers which call is still waiting.
  void interrupt();

  // posix::Posix
  void enter(posix::Syscall& call) override;
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
    std::unique_ptr<UdpSocket> udp{};
    std::shared_ptr<TcpConnection> tcp{};
  };

  using Syscall = posix::Syscall;
  using MaybeResult = std::optional<posix::Result>;

  Descriptor* find(int fd);
  MaybeResult attempt(Syscall& call);  // what the call returns now; nothing: it has to wait
  posix::Result open_socket(const Syscall& call);
  MaybeResult connect(Descriptor& descriptor, const Syscall& call);
  MaybeResult connect_progress(Descriptor& descriptor);
  MaybeResult poll(Syscall& call);
  posix::Result send(Descriptor& descriptor, const Syscall& call);
  posix::Result write(Descriptor& descriptor, const Syscall& call);
  MaybeResult receive(Descriptor& descriptor, Syscall& call);
  MaybeResult read(Descriptor& descriptor, Syscall& call);
  posix::Result close(int fd);
  short readiness(Descriptor& descriptor) const;

  void return_after(Duration cost);
  void complete();
  void timeout();

  Host& host_;
  Random random_;
  std::vector<posix::SyscallObserver*> observers_;
  std::vector<Descriptor> descriptors_;
  Syscall* call_ = nullptr;  // the one call that is at work
  bool busy_ = false;        // it is being tried, or its return is scheduled
  bool connecting_ = false;  // a stream's connect() has sent its SYN and waits
  ns3::EventId event_;
};

}  // namespace hanglab::sim
