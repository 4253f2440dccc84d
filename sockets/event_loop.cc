#include "sockets/event_loop.hh"

#include <sys/prctl.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/error.hh"
#include "sockets/program.hh"

namespace hanglab::sockets {

namespace {

constexpr std::size_t events_at_once = 256;
constexpr std::size_t largest_datagram = 65535;
constexpr Duration syn_count_interval = std::chrono::milliseconds(50);

int descriptor_of(const epoll_event& event) { return static_cast<int>(event.data.u64 & 0xffffffff); }

}  // namespace

EventLoop::EventLoop(bool keep_ports)
    : sockets_(keep_ports), ready_(events_at_once), scratch_(largest_datagram) {
  prctl(PR_SET_TIMERSLACK,
        1UL);  // what is due now leaves now: programs' own slack is added to their timeouts
}

TimePoint EventLoop::now() const {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return TimePoint(std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec));
}

void EventLoop::run_programs() {
  while (!returned_.empty()) {
    const Returned next = returned_.back();
    returned_.pop_back();
    next.program->go_on(*next.call);
  }
}

void EventLoop::forget(const posix::Syscall& call) {
  std::erase_if(returned_, [&](const Returned& one) { return one.call == &call; });
}

void EventLoop::set_timer(WaitingCall& waiting, TimePoint deadline) {
  waiting.deadline = deadline;
  timers_.insert(timers_.end(), waiting);  // as a rule it is the last
}

void EventLoop::turn(TimePoint until) {
  if (!timers_.empty()) until = std::min(until, timers_.begin()->deadline);
  dispatch(wait(std::min(until, next_count_)));
  expire();
  count_syns();
}

int EventLoop::wait(TimePoint until) {
  using namespace std::chrono_literals;
  const Duration left = std::max(until - now(), Duration(0));
  const timespec time{.tv_sec = left / 1s, .tv_nsec = (left % 1s).count()};
  int count = epoll_pwait2(sockets_.epoll(), ready_.data(), events_at_once, &time, nullptr);
  // Before Linux 5.11 in milliseconds: what is left of one is spent in asking again.
  if (count < 0 && errno == ENOSYS)
    count = epoll_wait(sockets_.epoll(), ready_.data(), events_at_once,
                       static_cast<int>(std::min<Duration>(left, 1h) / 1ms));
  if (count < 0 && errno != EINTR) throw Error(std::string("epoll_wait: ") + std::strerror(errno));
  return std::max(count, 0);
}

void EventLoop::dispatch(int events) {
  const std::span happened(ready_.data(), static_cast<std::size_t>(events));
  for (const epoll_event& event : happened)
    if (!sockets_.find(descriptor_of(event))->program) sockets_.was_not_clean(descriptor_of(event));
  if (happened.size() < events_at_once) sockets_.all_quiet();
  for (const epoll_event& event : happened) {
    const int fd = descriptor_of(event);
    Descriptor& descriptor = *sockets_.find(fd);
    if (descriptor.generation != static_cast<std::uint32_t>(event.data.u64 >> 32)) continue;
    if (descriptor.program)
      descriptor.program->socket_changed(fd, event.events);
    else
      sockets_.was_not_clean(fd);
    run_programs();
  }
}

void EventLoop::expire() {
  if (timers_.empty()) return;
  const TimePoint time = now();
  while (!timers_.empty() && timers_.begin()->deadline <= time) {
    timers_.begin()->program->timed_out(*timers_.begin());
    run_programs();
  }
}

void EventLoop::count_syns_of(Program& program) {
  if (connecting_.empty()) next_count_ = now() + syn_count_interval;
  connecting_.push_back(&program);
}

void EventLoop::stop_counting(Program& program) {
  std::erase(connecting_, &program);
  if (connecting_.empty()) next_count_ = TimePoint::max();
}

void EventLoop::count_syns() {
  if (now() < next_count_) return;
  const auto programs = connecting_;  // some may find that their connection is there
  for (Program* program : programs) program->count_syns();
  next_count_ = now() + syn_count_interval;
}

}  // namespace hanglab::sockets
