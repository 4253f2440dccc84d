#include "cli/live_batch.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <thread>

#include "cli/frames.hh"
#include "cli/interrupt.hh"
#include "core/error.hh"
#include "live/sandbox.hh"
#include "records/codec.hh"

namespace hanglab::cli {

namespace {

constexpr int moment = 200;  // ms between two looks at whether to stop

using Clock = std::chrono::steady_clock;

// A world takes some 0.2 s of processor time to build. They begin so far apart that building one leaves the
// lookups of the others two thirds of the machine.
Clock::duration pause_between_beginnings() {
  return std::chrono::milliseconds(600) / std::max(1u, std::thread::hardware_concurrency());
}

constexpr std::string_view done = "done";

// In the sandbox: one run, then what became of it as frames.
int work(const LiveTask& task, std::uint64_t seed, int out) {
  try {
    const auto made = live::run_world(*task.scenario, *task.options, seed, task.run);
    bool sent = write_frame(out, done) && write_frame(out, made.network) &&
                write_frame(out, records::encode(made.run.lookups)) &&
                write_frame(out, records::encode(made.run.packets)) &&
                write_frame(out, records::encode(made.unsent));
    for (const std::string& calls : made.run.syscalls) sent = sent && write_frame(out, calls);
    return sent ? 0 : 1;
  } catch (const std::exception& error) {
    return write_frame(out, error.what()) ? 0 : 1;
  }
}

class Job {
 public:
  Job(const LiveTask& task, std::uint64_t seed) : task_(task) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(fmt::format("pipe: {}", std::strerror(errno)));
    from_ = ends[0];
    sandbox_ = std::make_unique<live::Sandbox>([&] { return work(task, seed, ends[1]); });
    close(ends[1]);
  }
  ~Job() { close(from_); }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  int fd() const { return from_; }
  bool finished() const { return sandbox_ == nullptr; }

  void read_more() {
    std::array<char, 65'536> buffer{};
    const ssize_t got = read(from_, buffer.data(), buffer.size());
    if (got > 0) bytes_.append(buffer.data(), static_cast<std::size_t>(got));
    if (got == 0) sandbox_.reset();
  }

  live::WorldResult result() const {
    std::string_view rest = bytes_;
    if (const auto word = take_frame(rest); word != done) throw Error(std::string(word));
    live::WorldResult made;
    made.network = take_frame(rest);
    made.run.lookups = records::decode_lookups(take_frame(rest));
    made.run.packets = records::decode_packets(take_frame(rest));
    made.unsent = records::decode_packets(take_frame(rest));
    if (task_.options->keep.syscalls)
      for (std::size_t i = 0; i < made.run.lookups.size(); ++i)
        made.run.syscalls.emplace_back(take_frame(rest));
    return made;
  }

 private:
  const LiveTask& task_;
  int from_ = -1;
  std::string bytes_;
  std::unique_ptr<live::Sandbox> sandbox_;
};

}  // namespace

std::uint64_t run_live(std::span<const LiveTask> tasks, std::uint64_t seed, unsigned jobs, Progress& progress,
                       const std::function<void(std::uint64_t task, live::WorldResult result)>& take) {
  std::deque<std::unique_ptr<Job>> begun;  // in order, but for those that were taken
  std::uint64_t next = 0;
  std::uint64_t taken = 0;
  const auto pause = pause_between_beginnings();
  auto may_begin = Clock::now();
  while (taken < tasks.size()) {
    auto at_work = static_cast<std::uint64_t>(
        std::ranges::count_if(begun, [](const auto& job) { return !job->finished(); }));
    const auto now = Clock::now();
    const bool room = next < tasks.size() && at_work < jobs;
    if (room && now >= may_begin) {
      begun.push_back(std::make_unique<Job>(tasks[next], seed));
      ++next;
      ++at_work;
      may_begin = now + pause;
    }

    std::vector<pollfd> fds;
    for (const auto& job : begun)
      fds.push_back({.fd = job->finished() ? -1 : job->fd(), .events = POLLIN, .revents = 0});
    const auto until = std::chrono::ceil<std::chrono::milliseconds>(may_begin - now).count();
    const int wait = room ? std::clamp(static_cast<int>(until), 0, moment) : moment;
    if (poll(fds.data(), fds.size(), wait) < 0 && errno != EINTR)
      throw Error(fmt::format("poll: {}", std::strerror(errno)));
    if (interrupted()) return taken;
    progress.waiting(next - at_work);
    for (std::size_t i = 0; i < fds.size(); ++i)
      if (fds[i].revents != 0) begun[i]->read_more();
    while (!begun.empty() && begun.front()->finished()) {
      auto result = begun.front()->result();
      begun.pop_front();
      take(taken, std::move(result));
      ++taken;
    }
  }
  return taken;
}

}  // namespace hanglab::cli
