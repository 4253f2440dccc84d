// A host of the scenario on this machine: network, mount and host name namespaces of its own, in which its
// programs run. Its resolv.conf, nsswitch.conf and hosts files are seen in there alone, on a private /etc
// whose other files are this machine's. Sources: namespaces(7), setns(2), hosts(5), resolv.conf(5),
// nsswitch.conf(5).
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "scenario/scenario.hh"

namespace hanglab::live {

using Words = std::vector<std::string>;

// A file descriptor, closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Fd();

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

// Until the other end of a pipe is closed.
std::string read_to_end(int fd);

// Where a program's standard input, output and error come from and go; -1: nowhere.
struct Streams {
  int in = -1;
  int out = -1;
  int err = -1;
};

class Host {
 public:
  explicit Host(const scenario::Host& host);

  const scenario::Host& plan() const { return *plan_; }
  // A process that lives in the host's namespaces; `ip link … netns` wants one.
  pid_t resident() const { return resident_; }

  // Starts a program in the host, the first of a process group of its own. Throws Error where there is no
  // such program.
  pid_t start(const Words& command, const Streams& streams = {}) const;
  // Runs one to its end, with this text as its input, and gives what it printed. Throws Error, with what it
  // said, when it fails.
  std::string run(const Words& command, const std::string& input = {}) const;

  // While one of these lives, the lab's own calls are made in the host's network.
  class Network {
   public:
    explicit Network(const Host& host);
    ~Network();
    Network(const Network&) = delete;
    Network& operator=(const Network&) = delete;

   private:
    Fd home_;
  };

 private:
  const scenario::Host* plan_;
  pid_t resident_ = -1;
  Fd network_;
  Fd mounts_;
  Fd name_;
};

}  // namespace hanglab::live
