#include "cli/workers.hh"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <memory>

#include "cli/frames.hh"
#include "core/error.hh"
#include "records/codec.hh"

namespace hanglab::cli {

namespace {

using Take = std::function<bool(std::uint64_t, RunResult)>;

std::uint64_t run_here(const Batch& batch, const Take& take) {
  std::vector<std::string> warnings;  // the caller has seen them
  sim::World world(batch.scenario, warnings);
  for (std::uint64_t run = 0; run < batch.runs; ++run)
    if (!take(run, world.run(batch.seed, run, batch.options))) return run + 1;
  return batch.runs;
}

// --- a worker

[[noreturn]] void work(const Batch& batch, unsigned worker, int out, pid_t parent) {
  std::signal(SIGINT, SIG_IGN);      // the parent decides when to stop
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // and takes its workers along, however it ends
  if (getppid() != parent) _exit(1);
  try {
    std::vector<std::string> warnings;
    sim::World world(batch.scenario, warnings);
    for (std::uint64_t run = worker; run < batch.runs; run += batch.jobs) {
      const RunResult result = world.run(batch.seed, run, batch.options);
      bool sent = write_frame(out, records::encode(result.lookups)) &&
                  write_frame(out, records::encode(result.packets));
      for (const std::string& calls : result.syscalls) sent = sent && write_frame(out, calls);
      if (!sent) _exit(0);  // nobody reads any more
    }
  } catch (const std::exception& error) {
    fmt::print(stderr, "hanglab: {}\n", error.what());
    _exit(1);
  }
  _exit(0);
}

class Worker {
 public:
  Worker(const Batch& batch, unsigned number) : batch_(batch) {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0) throw Error(fmt::format("no pipe for a worker: {}", std::strerror(errno)));
    const pid_t parent = getpid();
    process_ = fork();
    if (process_ < 0) throw Error(fmt::format("no process for a worker: {}", std::strerror(errno)));
    if (process_ == 0) {
      close(ends[0]);
      work(batch, number, ends[1], parent);
    }
    close(ends[1]);
    from_ = fdopen(ends[0], "r");
  }

  ~Worker() {
    std::fclose(from_);
    kill(process_, SIGKILL);
    waitpid(process_, nullptr, 0);
  }

  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  RunResult next() {
    RunResult result;
    result.lookups = records::decode_lookups(read_frame(from_));
    result.packets = records::decode_packets(read_frame(from_));
    if (batch_.options.syscalls)
      for (std::size_t i = 0; i < result.lookups.size(); ++i) result.syscalls.push_back(read_frame(from_));
    return result;
  }

 private:
  const Batch& batch_;
  pid_t process_ = -1;
  std::FILE* from_ = nullptr;
};

}  // namespace

std::uint64_t run_batch(const Batch& batch, const Take& take) {
  if (batch.jobs <= 1) return run_here(batch, take);
  std::fflush(nullptr);  // or each worker would print it again
  std::vector<std::unique_ptr<Worker>> workers;
  const unsigned count = static_cast<unsigned>(std::min<std::uint64_t>(batch.jobs, batch.runs));
  Batch shared = batch;
  shared.jobs = count;
  for (unsigned i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(shared, i));
  for (std::uint64_t run = 0; run < batch.runs; ++run)
    if (!take(run, workers[run % count]->next())) return run + 1;
  return batch.runs;
}

}  // namespace hanglab::cli
