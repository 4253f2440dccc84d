// Memory for coroutine frames. A resolver makes and ends a dozen for each lookup, of few sizes: they are kept
// by size for the next ones of the same thread, and given back when it ends.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace hanglab::posix {

class FramePool {
 public:
  FramePool() = default;
  FramePool(const FramePool&) = delete;
  FramePool& operator=(const FramePool&) = delete;
  ~FramePool() {
    for (Free*& first : free_)
      while (first) ::operator delete(take(first));
  }

  static FramePool& of_this_thread() {
    thread_local FramePool pool;
    return pool;
  }

  void* allocate(std::size_t size) {
    const std::size_t kind = kind_of(size);
    if (kind >= kinds) return ::operator new(size);
    return free_[kind] ? take(free_[kind]) : ::operator new((kind + 1) * step);
  }
  void release(void* frame, std::size_t size) {
    const std::size_t kind = kind_of(size);
    if (kind >= kinds) return ::operator delete(frame);
    free_[kind] = new (frame) Free{free_[kind]};
  }

 private:
  struct Free {
    Free* next;
  };

  static constexpr std::size_t step = 64;
  static constexpr std::size_t kinds = 64;  // larger ones are no concern of the pool

  static std::size_t kind_of(std::size_t size) { return (size - 1) / step; }
  static void* take(Free*& first) {
    Free* frame = first;
    first = frame->next;
    return frame;
  }

  std::array<Free*, kinds> free_{};
};

}  // namespace hanglab::posix
