// Turns what a program did at its kernel into attempts: which server it asked over which transport,
// when, and what decided it. It knows no resolver: a datagram that is sent opens an attempt, so does
// connect() on a stream; an answer, a poll() that waited for it in vain, an error or the socket's end
// closes it. A socket that is not connected has an attempt for each server it sends to.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <vector>

#include "core/lookup.hh"
#include "models/posix/posix.hh"

namespace hanglab::posix {

class AttemptLog : public SyscallObserver {
 public:
  // `full_size` tells the uncut size of a truncated message that `socket` received from `server`
  // with DNS id `id`, or nothing where it is not known.
  using FullSize = std::function<std::optional<std::size_t>(std::uint16_t id)>;

  explicit AttemptLog(TimePoint began = {}, FullSize full_size = {})
      : began_(began), full_size_(std::move(full_size)) {}

  // Of the next program.
  void begin(TimePoint at);

  void returned(const Syscall& call) override;
  void unfinished(const Syscall& call, TimePoint at) override;
  void syn_sent(int fd, TimePoint at) override;

  // Swapped for attempts whose memory is used again.
  void take(std::vector<Attempt>& attempts) { attempts_.swap(attempts); }
  std::vector<Attempt> take() { return std::move(attempts_); }

 private:
  struct Socket {
    int fd = -1;
    Transport transport = Transport::udp;
    Endpoint peer{};                      // once connected
    std::vector<std::size_t> attempts{};  // the latest for each server
    bool connecting = false;              // stream: connect() goes on without the program
    std::vector<std::uint8_t> stream{};   // bytes of messages not yet complete
  };

  Socket* find(int fd);
  Attempt& open(Socket& socket, Endpoint server, TimePoint at);
  Attempt* current(Socket& socket, Endpoint server);
  void decide(Attempt& attempt, TimePoint at, std::string result);
  void decide_all(Socket& socket, TimePoint at, const std::string& result);
  void answer(Attempt& attempt, TimePoint at, ByteView message);
  void stream_bytes(Socket& socket, TimePoint at, ByteView bytes);
  void on_connect(Socket& socket, const Syscall& call);
  void on_send(Socket& socket, const Syscall& call);
  void on_stream_output(Socket& socket, const Syscall& call);
  void on_receive(Socket& socket, const Syscall& call);
  void on_poll(const Syscall& call);
  void on_close(Socket& socket, const Syscall& call);

  TimePoint began_;
  FullSize full_size_;
  std::vector<Socket> sockets_;
  std::vector<Attempt> attempts_;
};

// "ETIMEDOUT"; an errno without a name here reads "errno 95".
std::string errno_name(int error);

}  // namespace hanglab::posix
