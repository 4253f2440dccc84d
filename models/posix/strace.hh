// A program's system calls in the form of `strace -fTT`: one line a call, the time that it took at
// the end. Times are the simulation's.
#pragma once

#include <string>
#include <vector>

#include "models/posix/posix.hh"

namespace hanglab::posix {

class Strace : public SyscallObserver {
 public:
  explicit Strace(int pid) : pid_(pid) {}

  void returned(const Syscall& call) override { lines_ += line(call, false); }
  void unfinished(const Syscall& call, TimePoint) override { lines_ += line(call, true); }
  void syn_sent(int, TimePoint) override {}

  std::string take() { return std::move(lines_); }

 private:
  std::string line(const Syscall& call, bool unfinished) const;

  int pid_;
  std::string lines_;
};

}  // namespace hanglab::posix
