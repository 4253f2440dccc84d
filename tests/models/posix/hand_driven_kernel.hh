// A kernel that a test drives by hand: calls wait until the test lets one return.
#pragma once

#include <algorithm>
#include <vector>

#include "models/posix/posix.hh"

namespace hanglab::tests {

class HandDrivenKernel : public posix::Posix {
 public:
  void enter(posix::Syscall& call) override { waiting.push_back(&call); }
  void abandon(posix::Syscall& call) override { std::erase(waiting, &call); }
  TimePoint now() const override { return {}; }
  std::uint64_t random() override { return 0; }

  // The call on that descriptor returns that value.
  void let_return(int fd, std::int64_t value) {
    const auto it = std::ranges::find(waiting, fd, &posix::Syscall::fd);
    posix::Syscall& call = **it;
    waiting.erase(it);
    call.result = {.value = value};
    call.program.resume();
  }

  std::vector<posix::Syscall*> waiting;
};

}  // namespace hanglab::tests
