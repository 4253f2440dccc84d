#include "cli/progress.hh"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace hanglab::cli {

namespace {
constexpr auto patience = std::chrono::seconds(2);
constexpr auto interval = std::chrono::milliseconds(200);
}  // namespace

Progress::Progress(const char* what, std::uint64_t total, bool output_flows)
    : what_(what),
      total_(total),
      terminal_(isatty(STDERR_FILENO) == 1 && !(output_flows && isatty(STDOUT_FILENO) == 1)) {}

Progress::~Progress() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::reached(std::uint64_t done) {
  if (!terminal_ || done == 0) return;
  const auto now = Clock::now();
  if (now - began_ < patience || now - drawn_ < interval) return;
  drawn_ = now;
  shown_ = true;
  const double rate = static_cast<double>(done) / std::chrono::duration<double>(now - began_).count();
  const double left = static_cast<double>(total_ - done) / rate;
  fmt::print(stderr, "\r\033[K{} of {} {} ({:.0f} %), {:.0f} a second, {:.0f} s left", done, total_, what_,
             100.0 * static_cast<double>(done) / static_cast<double>(total_), rate, left);
  std::fflush(stderr);
}

void Progress::waiting(std::uint64_t done) {
  if (!terminal_) return;
  const auto now = Clock::now();
  if (now - began_ < patience || now - drawn_ < interval) return;
  drawn_ = now;
  shown_ = true;
  fmt::print(stderr, "\r\033[K{} of {} {}, {:.0f} s", done, total_, what_,
             std::chrono::duration<double>(now - began_).count());
  std::fflush(stderr);
}

}  // namespace hanglab::cli
