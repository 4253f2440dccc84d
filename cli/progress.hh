// A line on the terminal for work of over two seconds: how far, how fast, how long still. Silent
// where standard error is no terminal, or where what is printed would run into it.
#pragma once

#include <chrono>
#include <cstdint>

namespace hanglab::cli {

class Progress {
 public:
  // `output_flows`: standard output is written meanwhile.
  Progress(const char* what, std::uint64_t total, bool output_flows);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void reached(std::uint64_t done);
  // While nothing new is done: how long it has been.
  void waiting(std::uint64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  const char* what_;
  std::uint64_t total_;
  bool terminal_;
  bool shown_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point drawn_ = began_;
};

}  // namespace hanglab::cli
