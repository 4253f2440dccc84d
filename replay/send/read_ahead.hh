// Frames made ready by a thread of its own while others are sent, so that reading a file never makes a packet
// late: a ring of blocks, filled ahead as far as it has room.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "replay/send/frame_block.hh"

namespace hanglab::replay {

class ReadAhead {
 public:
  // Called in that thread with an empty block; false when there are no more frames, which may be with the
  // last of them in the block.
  using Fill = std::function<bool(FrameBlock&)>;

  explicit ReadAhead(Fill fill, std::size_t blocks = 64);
  ~ReadAhead();  // ends the thread behind the block at hand
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // The next block, which is the caller's until the next call; nullptr at the end. The first call waits until
  // the ring is full. Throws what `fill` threw, once the blocks before are gone.
  const FrameBlock* next();

 private:
  void work();

  Fill fill_;
  std::vector<FrameBlock> ring_;
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
