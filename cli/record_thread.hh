// Records on their way to where they are kept, by a thread of its own: writing them never makes a lookup
// late.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "sockets/lookup_player.hh"

namespace hanglab::cli {

class RecordThread {
 public:
  using Batch = std::vector<sockets::PlayedLookup>;
  // Called in that thread.
  using Keep = std::function<void(Batch&)>;

  explicit RecordThread(Keep keep);
  ~RecordThread();
  RecordThread(const RecordThread&) = delete;
  RecordThread& operator=(const RecordThread&) = delete;

  void add(sockets::PlayedLookup lookup);
  // Hands on what was added; where the thread is far behind, waits for it.
  void hand_on();
  // When all are kept; throws what `keep` threw.
  void finish();

 private:
  void work();

  Keep keep_;
  Batch gathering_;
  std::vector<Batch> handed_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool ending_ = false;
  std::exception_ptr problem_{};
  std::thread thread_;
};

}  // namespace hanglab::cli
