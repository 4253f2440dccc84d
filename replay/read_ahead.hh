// Blocks made ready by a thread of its own while others are worked on, so that reading a file never makes a
// packet late: a ring of blocks, filled ahead as far as it has room.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace hanglab::replay {

template <class Block>  // with clear()
class ReadAhead {
 public:
  // Called in that thread with an empty block; false when there is no more, which may be with the last of it
  // in the block.
  using Fill = std::function<bool(Block&)>;

  explicit ReadAhead(Fill fill, std::size_t blocks = 64)
      : fill_(std::move(fill)), ring_(blocks), thread_([this] { work(); }) {}
  // Ends the thread behind the block at hand.
  ~ReadAhead() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next block, which is the caller's until the next call; nullptr at the end. The first call waits until
  // the ring is full. Throws what `fill` threw, once the blocks before are gone.
  const Block* next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock,
                  [this] { return at_end_ || (begun_ ? filled_ > taken_ : filled_ + 1 == ring_.size()); });
    begun_ = true;
    if (filled_ > taken_) {
      const Block* block = &ring_[taken_ % ring_.size()];
      ++taken_;
      changed_.notify_all();
      return block;
    }
    if (problem_) std::rethrow_exception(problem_);
    return nullptr;
  }

 private:
  void work() {
    bool more = true;
    while (more) {
      std::unique_lock lock(mutex_);
      // The block in the caller's hands is not free yet.
      changed_.wait(lock, [this] { return stopping_ || filled_ + 1 < taken_ + ring_.size(); });
      if (stopping_) return;
      Block& block = ring_[filled_ % ring_.size()];
      lock.unlock();
      block.clear();
      std::exception_ptr problem;
      try {
        more = fill_(block);
      } catch (...) {
        problem = std::current_exception();
        more = false;
      }
      lock.lock();
      problem_ = problem;
      at_end_ = !more;
      ++filled_;
      changed_.notify_all();
    }
  }

  Fill fill_;
  std::vector<Block> ring_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t filled_ = 0;  // blocks, since the beginning
  std::size_t taken_ = 0;   // of them, with the one in the caller's hands
  bool begun_ = false;
  bool at_end_ = false;
  bool stopping_ = false;
  std::exception_ptr problem_{};
  std::thread thread_;
};

}  // namespace hanglab::replay
