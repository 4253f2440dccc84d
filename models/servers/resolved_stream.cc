#include "models/servers/resolved_stream.hh"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "core/big_endian.hh"

namespace hanglab::servers {

void ResolvedStream::start() {
  progress();
  watching_.emplace(watch_time());
  watching_->start();
  running_.emplace(run());
  running_->start();
}

bool ResolvedStream::at_rest() const {
  const auto rests = [](const auto& task) { return !task || task->done(); };
  return ended_ && rests(running_) && rests(writing_) && rests(watching_);
}

void ResolvedStream::add(StreamUser& user, const dns::Bytes& message) {
  users_.insert(users_.begin(), &user);
  waiting_.push_back({&user, dns::framed(message)});
  if (!connected_ || (writing_ && !writing_->done())) return;
  writing_.emplace(write_waiting());
  writing_->start();
}

void ResolvedStream::remove(const StreamUser& user) {
  std::erase(users_, &user);
  std::erase_if(waiting_, [&user](const Waiting& one) { return one.user == &user; });
}

posix::Task<int> ResolvedStream::connect() {
  const auto begun = co_await os_.sendmsg(fd_, waiting_.front().framed, {}, server_);
  int error = begun.error;
  if (!begun.ok() && error == EOPNOTSUPP) {
    const auto plain = co_await os_.connect(fd_, server_);
    error = plain.error;
  }
  if (error != 0 && error != EINPROGRESS) co_return error;
  std::array<posix::PollFd, 1> writable{{{.fd = fd_, .events = POLLOUT}}};
  co_await os_.poll(writable, {});
  const auto outcome = co_await os_.so_error(fd_);
  co_return static_cast<int>(outcome.value);
}

posix::Task<bool> ResolvedStream::run() {
  const auto socket = co_await os_.socket(Transport::tcp, true, version_of(server_.address));
  fd_ = static_cast<int>(socket.value);
  co_await os_.setsockopt(fd_, posix::Syscall::Option::nodelay);
  const int refused = co_await connect();
  if (refused != 0) co_return co_await end(refused);
  connected_ = true;
  writing_.emplace(write_waiting());
  writing_->start();
  std::array<std::uint8_t, 4096> chunk{};
  std::array<posix::PollFd, 1> readable{{{.fd = fd_, .events = POLLIN}}};
  for (;;) {
    co_await os_.poll(readable, {});
    const auto got = co_await os_.read(fd_, chunk);
    if (!got.ok() && got.error == EAGAIN) continue;
    if (!got.ok()) co_return co_await end(got.error);
    if (got.value == 0) co_return co_await end(ECONNRESET);
    progress();
    input_.insert(input_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(got.value));
    timers_.wake();
    read_messages();
  }
}

void ResolvedStream::read_messages() {
  while (input_.size() >= 2 && input_.size() >= 2U + get_u16(input_)) {
    const auto end = input_.begin() + 2 + get_u16(input_);
    dns::Bytes message(input_.begin() + 2, end);
    input_.erase(input_.begin(), end);
    if (message.size() < dns::header_size) continue;
    const auto user = std::ranges::find(users_, get_u16(message), &StreamUser::id);
    if (user != users_.end()) (*user)->stream_said(std::move(message));
  }
}

posix::Task<bool> ResolvedStream::write_waiting() {
  while (!waiting_.empty() && !ended_) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    co_await os_.writev(fd_, next.framed);
    progress();
  }
  co_return true;
}

posix::Task<bool> ResolvedStream::watch_time() {
  while (!ended_ && os_.now() < deadline_) co_await timers_.sleep_until(deadline_);
  if (ended_) co_return false;
  running_.reset();
  writing_.reset();
  co_return co_await end(ETIMEDOUT);
}

posix::Task<bool> ResolvedStream::end(int error) {
  ended_ = true;
  waiting_.clear();
  ended_hook_(error, users_.empty() ? nullptr : users_.front());
  while (!users_.empty()) {  // one may make another leave
    StreamUser* const user = users_.front();
    users_.erase(users_.begin());
    user->stream_failed(error);
  }
  co_await os_.close(fd_);
  co_return true;
}

}  // namespace hanglab::servers
