#include "live/run.hh"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/error.hh"

namespace hanglab::live {

namespace {

constexpr Duration linger = std::chrono::seconds(1);

Duration now(clockid_t clock) {
  timespec at{};
  clock_gettime(clock, &at);
  return std::chrono::seconds(at.tv_sec) + Duration(at.tv_nsec);
}

}  // namespace

Run::Run(const scenario::Scenario& scenario, const Options& options, const std::deque<Host>& hosts)
    : scenario_(scenario), options_(options), hosts_(hosts), workload_(scenario.workload()) {
  for (std::uint32_t h = 0; h < hosts.size(); ++h) {
    const auto asks = [h](const scenario::LookupPlan& plan) { return plan.host == h; };
    if (std::ranges::any_of(scenario.lookups, asks)) logs_.emplace_back(hosts[h], h);
    for (std::uint32_t i = 0; i <= hosts[h].plan().interfaces.size(); ++i) taps_.emplace_back(hosts[h], h, i);
  }
}

WorldResult Run::go(std::uint64_t seed, std::uint64_t number) {
  began_ = now(CLOCK_MONOTONIC);
  const Duration began_on_the_calendar = now(CLOCK_REALTIME);
  for (const PlannedLookup& plan : workload_)
    result_.run.lookups.push_back({.scenario = scenario_.name,
                                   .run = number,
                                   .seed = seed,
                                   .host = plan.host,
                                   .client = plan.client,
                                   .call = plan.call,
                                   .name = plan.name});
  result_.run.syscalls.resize(options_.keep.syscalls ? workload_.size() : 0);
  std::size_t next = 0;
  while (next < workload_.size() || !running_.empty()) {
    for (; next < workload_.size() && began_ + workload_[next].at <= now(CLOCK_MONOTONIC); ++next)
      start(next);
    Duration wake = Duration::max();
    if (next < workload_.size()) wake = began_ + workload_[next].at;
    for (const Running& client : running_)
      if (!client.killed) wake = std::min(wake, client.deadline);
    wait_until(wake);
    end_overdue();
    collect_ended();
  }
  const Duration enough = now(CLOCK_MONOTONIC) + linger;
  while (now(CLOCK_MONOTONIC) < enough) wait_until(enough);
  for (const PacketTap& tap : taps_)
    if (const auto dropped = tap.dropped(); dropped > 0)
      throw Error(fmt::format("the capture lost {} packets: too many for this machine", dropped));
  auto& packets = result_.run.packets;
  const auto by_loopback = [this](const PacketEvent& packet) {
    return packet.interface == hosts_[packet.host].plan().interfaces.size();
  };
  auto left = packets;
  for (PacketEvent& packet : left)
    if (by_loopback(packet)) packet.direction = Direction::out;  // as well
  result_.unsent = never_left(sent_, left);
  for (auto* kept : {&packets, &result_.unsent}) {
    for (PacketEvent& packet : *kept) packet.at -= began_on_the_calendar;
    std::ranges::stable_sort(*kept, {}, &PacketEvent::at);
  }
  return std::move(result_);
}

void Run::start(std::size_t lookup) {
  const PlannedLookup& plan = workload_[lookup];
  const auto program = options_.programs.find(plan.client);
  if (program == options_.programs.end()) throw Error("no program for client " + plan.client);
  running_.push_back({.lookup = lookup,
                      .process = ClientProcess(hosts_[*scenario_.host_index(plan.host)], plan,
                                               program->second, options_.keep.syscalls, lookup),
                      .deadline = now(CLOCK_MONOTONIC) + scenario_.give_up});
  result_.run.lookups[lookup].start = now(CLOCK_MONOTONIC) - began_;
}

void Run::wait_until(Duration wake) {
  std::vector<pollfd> fds;
  const auto watch = [&fds](int fd) { fds.push_back({.fd = fd, .events = POLLIN, .revents = 0}); };
  for (const PacketTap& tap : taps_) watch(tap.fd());
  for (const OutputLog& log : logs_) watch(log.fd());
  for (const Running& client : running_) watch(client.process.fd());
  const Duration left = std::max(Duration(0), wake - now(CLOCK_MONOTONIC));
  const timespec timeout{.tv_sec = left / std::chrono::seconds(1),
                         .tv_nsec = (left % std::chrono::seconds(1)).count()};
  if (ppoll(fds.data(), fds.size(), wake == Duration::max() ? nullptr : &timeout, nullptr) < 0 &&
      errno != EINTR)
    throw Error(fmt::format("poll: {}", std::strerror(errno)));
  for (PacketTap& tap : taps_) tap.read(result_.run.packets);
  for (OutputLog& log : logs_) log.read(sent_);
}

void Run::end_overdue() {
  for (Running& client : running_) {
    if (client.killed || now(CLOCK_MONOTONIC) < client.deadline) continue;
    client.process.kill();
    client.killed = true;
  }
}

void Run::collect_ended() {
  std::erase_if(running_, [this](Running& client) {
    pollfd ended{.fd = client.process.fd(), .events = POLLIN, .revents = 0};
    if (poll(&ended, 1, 0) != 1) return false;
    take(client);
    return true;
  });
}

void Run::take(Running& client) {
  Lookup& lookup = result_.run.lookups[client.lookup];
  if (const auto report = client.process.report(client.killed)) {
    lookup.start = report->began - began_;
    lookup.duration = report->ended - report->began;
    lookup.error = report->error;
    lookup.addresses = report->addresses;
    lookup.outcome = report->error.empty() ? Outcome::answered : Outcome::failed;
  } else {
    lookup.duration = scenario_.give_up;
    lookup.outcome = Outcome::hung;
    lookup.censored = true;
  }
  if (options_.keep.syscalls) result_.run.syscalls[client.lookup] = client.process.trace();
}

}  // namespace hanglab::live
