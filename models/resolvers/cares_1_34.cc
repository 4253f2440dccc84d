#include "models/resolvers/cares_1_34.hh"

#include <poll.h>

#include <algorithm>

#include "models/resolvers/cares_addresses.hh"
#include "models/resolvers/cares_channel_1_34.hh"

namespace hanglab::resolvers::cares {

namespace {

using std::chrono::floor;
using std::chrono::milliseconds;

constexpr int node_tries = 4;  // Resolver's default, which it sets: `attempts` of resolv.conf is not heard
constexpr milliseconds tick{1000};
constexpr milliseconds program_start{
    50};  // from the loop's last look at the clock to the query; 40 to 60 measured

class EventLoop {
 public:
  EventLoop(posix::Posix& os, NewChannel& channel)
      : os_(os), channel_(channel), now_(floor<milliseconds>(os.now()) - program_start) {}

  // The lookup's own part of uv_run().
  posix::Task<int> run() {
    restart_timer();
    look_at_clock();
    while (!channel_.ended()) {
      co_await wait_for_sockets();
      look_at_clock();
      if (now_ < tick_at_ || channel_.ended()) continue;
      restart_timer();
      co_await channel_.process(-1, false, false);
    }
    co_return 0;
  }

 private:
  void look_at_clock() { now_ = floor<milliseconds>(os_.now()); }
  void restart_timer() { tick_at_ = now_ + tick; }

  posix::Task<int> wait_for_sockets() {
    std::vector<posix::PollFd> fds;
    for (const WatchedSocket& socket : channel_.watched())
      fds.push_back({.fd = socket.fd, .events = socket.events});
    co_await os_.poll(fds, std::max<Duration>(tick_at_ - now_, Duration(0)));
    look_at_clock();
    for (const auto& fd : fds)
      if (fd.revents != 0) co_await socket_ready(fd);
    co_return 0;
  }

  // uv__poll_io: an error ends the watch and counts as readable and writable; so does a hangup alone.
  posix::Task<int> socket_ready(posix::PollFd fd) {
    restart_timer();
    int ready = fd.revents;
    if ((ready & POLLERR) != 0)
      channel_.stop_watching(fd.fd);
    else if (ready == POLLHUP)
      ready = fd.events;
    const bool failed = (ready & POLLERR) != 0;
    co_return co_await channel_.process(fd.fd, failed || (ready & POLLIN) != 0,
                                        failed || (ready & POLLOUT) != 0);
  }

  posix::Posix& os_;
  NewChannel& channel_;
  TimePoint now_;  // the loop's idea of the time
  TimePoint tick_at_{};
};

}  // namespace

posix::Task<Answer> node_20_resolve(posix::Posix& os, Environment environment, std::string name,
                                    Family family) {
  Config config = read_config_1_34(environment.resolv_conf_text);
  config.tries = node_tries;
  NewChannel channel(os, config);
  EventLoop loop(os, channel);
  co_await channel.query(std::move(name), family == Family::inet6 ? dns::type_aaaa : dns::type_a);
  co_await loop.run();
  Answer answer;
  Status status = channel.status();
  if (status == Status::success) status = append_addresses(channel.answer(), answer.addresses);
  if (status != Status::success) co_return Answer{.error = name_of(status)};
  co_return answer;
}

}  // namespace hanglab::resolvers::cares
