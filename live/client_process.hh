// A client of the scenario as a real program: a probe that makes one lookup and prints one line, its fields
// apart by tabs,
//   BEGAN ENDED ERROR ADDRESS…
// with CLOCK_MONOTONIC in nanoseconds around the call, and "-" for no error. See probes/probe.h.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "core/lookup.hh"
#include "core/workload.hh"
#include "live/host.hh"

namespace hanglab::live {

// What a probe's line says; `began` counts as CLOCK_MONOTONIC does.
struct ProbeReport {
  Duration began{};
  Duration ended{};
  std::string error{};  // empty: success
  std::size_t addresses = 0;
};
std::optional<ProbeReport> parse_probe_line(const std::string& line);

class ClientProcess {
 public:
  ClientProcess(const Host& host, const PlannedLookup& plan, const std::filesystem::path& program,
                bool traced, std::size_t number);

  int fd() const { return ended_.get(); }  // polls readable once the program has ended
  void kill() const;                       // and whatever it started
  // Once it has ended. Empty where it was killed; throws Error where it ended without doing its part.
  std::optional<ProbeReport> report(bool killed);
  std::string trace() const;  // of its system calls from the lookup's first to its last

 private:
  std::string name_;
  std::string trace_file_;
  Fd output_;
  Fd complaints_;
  pid_t process_ = -1;
  Fd ended_;
};

}  // namespace hanglab::live
