#include "cli/record_thread.hh"

#include <algorithm>
#include <iterator>
#include <utility>

namespace hanglab::cli {

namespace {

constexpr std::size_t batch_size = 256;
constexpr std::size_t most_batches = 1024;

}  // namespace

RecordThread::RecordThread(Keep keep) : keep_(std::move(keep)), thread_([this] { work(); }) {}

RecordThread::~RecordThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void RecordThread::add(sockets::PlayedLookup& lookup) {
  if (gathering_.lookups.empty()) gathering_.lookups.resize(batch_size);
  std::swap(gathering_.lookups[gathering_.used++], lookup);
  if (gathering_.used == batch_size) hand_on();
}

void RecordThread::hand_on() {
  if (gathering_.used == 0) return;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return handed_.size() < most_batches || problem_; });
    handed_.push_back(std::exchange(gathering_, {}));
    if (!empty_.empty()) {
      gathering_ = std::move(empty_.back());
      empty_.pop_back();
    }
  }
  changed_.notify_all();
}

void RecordThread::finish() {
  hand_on();
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
  if (problem_) std::rethrow_exception(problem_);
}

void RecordThread::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return !handed_.empty() || ending_; });
    if (handed_.empty()) return;
    auto rooms = std::exchange(handed_, {});
    changed_.notify_all();
    if (problem_) continue;
    lock.unlock();
    std::exception_ptr problem;
    try {
      for (Room& room : rooms) keep_(std::span(room.lookups).first(std::exchange(room.used, 0)));
    } catch (...) {
      problem = std::current_exception();
    }
    lock.lock();
    problem_ = problem;
    std::ranges::move(rooms, std::back_inserter(empty_));
  }
}

}  // namespace hanglab::cli
