#include "live/carrier_process.hh"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "core/error.hh"

namespace hanglab::live {

CarrierProcess::CarrierProcess(const Carrier& carrier, Taps taps, std::uint64_t seed, std::uint64_t run)
    : taps_(std::move(taps)) {
  if (!carrier) return;
  std::array<int, 2> control{};
  std::array<int, 2> words{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control.data()) != 0 ||
      pipe2(words.data(), O_CLOEXEC) != 0)
    throw Error(fmt::format("pipe: {}", std::strerror(errno)));
  process_ = fork();
  if (process_ < 0) throw Error(fmt::format("fork: {}", std::strerror(errno)));
  if (process_ == 0) {
    close(control[1]);
    std::string text;
    try {
      text = "+" + carrier(taps_.links, seed, run, control[0]);
    } catch (const std::exception& error) {
      text = fmt::format("-{}", error.what());
    }
    _exit(write(words[1], text.data(), text.size()) < 0 ? 1 : 0);
  }
  close(control[0]);
  close(words[1]);
  control_ = Fd(control[1]);
  words_ = Fd(words[0]);
}

// A carrier that has ended already says why in finish(); SIGPIPE would not let it.
void CarrierProcess::begin_run() const {
  if (process_ > 0) send(control_.get(), "", 1, MSG_NOSIGNAL);
}

std::string CarrierProcess::finish() {
  if (process_ < 0) return "veth pairs";
  control_ = Fd();
  const std::string text = read_to_end(words_.get());
  waitpid(process_, nullptr, 0);
  if (!text.starts_with('+'))
    throw Error(fmt::format("the simulated network: {}", text.empty() ? "ended early" : text.substr(1)));
  return text.substr(1);
}

}  // namespace hanglab::live
