// A coroutine that models a program: it starts when awaited or started, may await system calls and
// other tasks, and returns a value. Destroying a task destroys the program wherever it waits, which
// is how a run ends a program that hangs. all() and first() run several at once, as threads and
// goroutines do: each has a system call of its own at work.
#pragma once

#include <algorithm>
#include <concepts>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>
#include <vector>

#include "models/posix/frame_pool.hh"

namespace hanglab::posix {

template <class Value>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<Value> value;
    std::exception_ptr failure;
    std::coroutine_handle<> awaiting = std::noop_coroutine();
    std::ptrdiff_t* still_awaited = nullptr;  // how many of a group have to end before `awaiting` goes on

    static void* operator new(std::size_t size) { return FramePool::of_this_thread().allocate(size); }
    static void operator delete(void* frame, std::size_t size) {
      FramePool::of_this_thread().release(frame, size);
    }

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    void return_value(Value result) { value.emplace(std::move(result)); }
    void unhandled_exception() { failure = std::current_exception(); }

    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) noexcept {
        auto* others = done.promise().still_awaited;
        if (others && --*others != 0) return std::noop_coroutine();
        return done.promise().awaiting;
      }
      void await_resume() noexcept {}
    };
    Final final_suspend() noexcept { return {}; }
  };

  Task(Task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      if (coroutine_) coroutine_.destroy();
      coroutine_ = std::exchange(other.coroutine_, nullptr);
    }
    return *this;
  }
  ~Task() {
    if (coroutine_) coroutine_.destroy();
  }

  // For whoever runs programs: start once, then look whether it has ended.
  void start() { coroutine_.resume(); }
  bool done() const { return coroutine_.done(); }
  Value result() {
    if (coroutine_.promise().failure) std::rethrow_exception(coroutine_.promise().failure);
    return std::move(*coroutine_.promise().value);
  }

  auto operator co_await() && {
    struct Awaiter {
      std::coroutine_handle<promise_type> task;
      bool await_ready() { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> caller) {
        task.promise().awaiting = caller;
        return task;
      }
      Value await_resume() {
        if (task.promise().failure) std::rethrow_exception(task.promise().failure);
        return std::move(*task.promise().value);
      }
    };
    return Awaiter{coroutine_};
  }

 private:
  template <class>
  friend class Group;
  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  std::coroutine_handle<promise_type> coroutine_;
};

// Tasks that run at once, awaited until a number of them has ended.
template <class Value>
class Group {
 public:
  enum class Until { all_ended, first_ended };

  Group(std::vector<Task<Value>> tasks, Until until)
      : tasks_(std::move(tasks)), still_awaited_(until == Until::all_ended ? std::ssize(tasks_) : 1) {}

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> caller) {
    for (Task<Value>& task : tasks_) {
      task.coroutine_.promise().still_awaited = &still_awaited_;
      task.start();
    }
    if (still_awaited_ <= 0) return false;  // they ended without waiting for anything
    for (Task<Value>& task : tasks_) task.coroutine_.promise().awaiting = caller;
    return true;
  }

 protected:
  std::vector<Task<Value>>& tasks() { return tasks_; }

 private:
  std::vector<Task<Value>> tasks_;
  std::ptrdiff_t still_awaited_;
};

// co_await all(…): the results, in the order of the tasks, when the last has ended.
template <class Value>
class All : public Group<Value> {
 public:
  explicit All(std::vector<Task<Value>> tasks)
      : Group<Value>(std::move(tasks), Group<Value>::Until::all_ended) {}
  std::vector<Value> await_resume() {
    std::vector<Value> results;
    for (Task<Value>& task : this->tasks()) results.push_back(task.result());
    return results;
  }
};

// co_await first(…): the result of whichever ends first; the others are given up where they wait.
template <class Value>
class First : public Group<Value> {
 public:
  explicit First(std::vector<Task<Value>> tasks)
      : Group<Value>(std::move(tasks), Group<Value>::Until::first_ended) {}
  Value await_resume() { return std::ranges::find_if(this->tasks(), &Task<Value>::done)->result(); }
};

template <class Value>
All<Value> all(std::vector<Task<Value>> tasks) {
  return All<Value>(std::move(tasks));
}
template <class Value>
First<Value> first(std::vector<Task<Value>> tasks) {
  return First<Value>(std::move(tasks));
}

// all(one, another …) and first(one, another …).
template <class Value, std::same_as<Task<Value>>... More>
std::vector<Task<Value>> tasks_of(Task<Value> one, More... more) {
  std::vector<Task<Value>> tasks;
  tasks.push_back(std::move(one));
  (tasks.push_back(std::move(more)), ...);
  return tasks;
}
template <class Value, std::same_as<Task<Value>>... More>
All<Value> all(Task<Value> one, More... more) {
  return all(tasks_of(std::move(one), std::move(more)...));
}
template <class Value, std::same_as<Task<Value>>... More>
First<Value> first(Task<Value> one, More... more) {
  return first(tasks_of(std::move(one), std::move(more)...));
}

}  // namespace hanglab::posix
