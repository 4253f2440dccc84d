// The carrier of the frames at work, in a process of its own: a simulator in real time wants its process to
// itself. Without a carrier there is none, and veth pairs do the work.
#pragma once

#include <cstdint>
#include <string>

#include "live/network.hh"
#include "live/wiring.hh"

namespace hanglab::live {

class CarrierProcess {
 public:
  CarrierProcess(const Carrier& carrier, Taps taps, std::uint64_t seed, std::uint64_t run);

  // The run begins now.
  void begin_run() const;

  // Ends it, and says in words what carried the frames. Throws Error where it ended before.
  std::string finish();

 private:
  Taps taps_;
  pid_t process_ = -1;
  Fd control_;  // the run begins when this is written to, and the carrier ends when it is closed
  Fd words_;    // what it says then: '+' and what it did, or '-' and what went wrong
};

}  // namespace hanglab::live
