// Lab time and ns-3 time: the one place where they are converted. Inside the simulation a time point
// counts from the beginning of the run, whatever came before it on ns-3's own time line.
#pragma once

#include <ns3/nstime.h>
#include <ns3/simulator.h>

#include "core/time.hh"

namespace hanglab::sim {

inline ns3::Time to_ns3(Duration duration) { return ns3::NanoSeconds(duration.count()); }
inline Duration from_ns3(ns3::Time time) { return Duration(time.GetNanoSeconds()); }

class RunClock {
 public:
  void begin() { start_ = ns3::Simulator::Now(); }
  TimePoint now() const { return TimePoint(from_ns3(ns3::Simulator::Now() - start_)); }
  ns3::Time until(TimePoint at) const { return to_ns3(at - now()); }

 private:
  ns3::Time start_{};
};

}  // namespace hanglab::sim
