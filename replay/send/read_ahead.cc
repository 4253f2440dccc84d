#include "replay/send/read_ahead.hh"

namespace hanglab::replay {

ReadAhead::ReadAhead(Fill fill, std::size_t blocks)
    : fill_(std::move(fill)), ring_(blocks), thread_([this] { work(); }) {}

ReadAhead::~ReadAhead() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void ReadAhead::work() {
  bool more = true;
  while (more) {
    std::unique_lock lock(mutex_);
    // The block in the caller's hands is not free yet.
    changed_.wait(lock, [this] { return stopping_ || filled_ + 1 < taken_ + ring_.size(); });
    if (stopping_) return;
    FrameBlock& block = ring_[filled_ % ring_.size()];
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

const FrameBlock* ReadAhead::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock,
                [this] { return at_end_ || (begun_ ? filled_ > taken_ : filled_ + 1 == ring_.size()); });
  begun_ = true;
  if (filled_ > taken_) {
    const FrameBlock* block = &ring_[taken_ % ring_.size()];
    ++taken_;
    changed_.notify_all();
    return block;
  }
  if (problem_) std::rethrow_exception(problem_);
  return nullptr;
}

}  // namespace hanglab::replay
