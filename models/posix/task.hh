// A coroutine that models a program: it starts when awaited or started, may await system calls and
// other tasks, and returns a value. Destroying a task destroys the program wherever it waits, which
// is how a run ends a program that hangs.
#pragma once

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace hanglab::posix {

template <class Value>
class [[nodiscard]] Task {
 public:
  struct promise_type {
    std::optional<Value> value;
    std::exception_ptr failure;
    std::coroutine_handle<> awaiting = std::noop_coroutine();

    Task get_return_object() { return Task(std::coroutine_handle<promise_type>::from_promise(*this)); }
    std::suspend_always initial_suspend() noexcept { return {}; }
    void return_value(Value result) { value.emplace(std::move(result)); }
    void unhandled_exception() { failure = std::current_exception(); }

    struct Final {
      bool await_ready() noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> done) noexcept {
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
  explicit Task(std::coroutine_handle<promise_type> coroutine) : coroutine_(coroutine) {}
  std::coroutine_handle<promise_type> coroutine_;
};

}  // namespace hanglab::posix
