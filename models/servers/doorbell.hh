// Where one coroutine waits until another rings. A ring that nobody waits for is kept for who comes next.
#pragma once

#include <coroutine>
#include <utility>

namespace hanglab::servers {

class Doorbell {
 public:
  Doorbell() = default;
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  class Awaiter {
   public:
    explicit Awaiter(Doorbell& bell) : bell_(bell) {}
    Awaiter(const Awaiter&) = delete;
    Awaiter& operator=(const Awaiter&) = delete;
    ~Awaiter() {
      if (waits_) bell_.waiting_ = nullptr;
    }
    bool await_ready() { return std::exchange(bell_.rung_, false); }
    void await_suspend(std::coroutine_handle<> program) {
      bell_.waiting_ = program;
      waits_ = true;
    }
    void await_resume() { waits_ = false; }

   private:
    Doorbell& bell_;
    bool waits_ = false;
  };

  Awaiter operator co_await() { return Awaiter(*this); }

  void ring() {
    if (const auto program = std::exchange(waiting_, nullptr))
      program.resume();
    else
      rung_ = true;
  }
  void forget() { rung_ = false; }

 private:
  std::coroutine_handle<> waiting_;
  bool rung_ = false;
};

}  // namespace hanglab::servers
