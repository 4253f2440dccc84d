// Records on their way to where they are kept, by a thread of its own: writing them never makes a lookup
// late.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "sockets/lookup_player.hh"

namespace hanglab::cli {

class RecordThread {
 public:
  using Batch = std::span<sockets::PlayedLookup>;
  // Called in that thread. What it leaves of them is used again.
  using Keep = std::function<void(Batch)>;

  explicit RecordThread(Keep keep);
  ~RecordThread();
  RecordThread(const RecordThread&) = delete;
  RecordThread& operator=(const RecordThread&) = delete;

  // Swaps it for one that was kept already.
  void add(sockets::PlayedLookup& lookup);
  // Hands on what was added; where the thread is far behind, waits for it.
  void hand_on();
  // When all are kept; throws what `keep` threw.
  void finish();

 private:
  void work();

  // Lookups, of which the first `used` are to be kept.
  struct Room {
    std::vector<sockets::PlayedLookup> lookups{};
    std::size_t used = 0;
  };

  Keep keep_;
  Room gathering_;
  std::vector<Room> handed_;
  std::vector<Room> empty_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::exception_ptr problem_{};
  std::thread thread_;
};

}  // namespace hanglab::cli
