#include "replay/send/frame_sender.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "core/error.hh"

namespace hanglab::replay {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_batch = 64;
constexpr Duration spin = 100us;         // longer than most wake-ups are late
constexpr Duration longest_nap = 100ms;  // between two looks at whether to go on

std::string last_problem() { return std::strerror(errno); }

Duration now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

void sleep_until(Duration time) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const timespec until{.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr);
}

// Asks one thing of an interface by ioctl(2), netdevice(7).
ifreq ask(int socket, const std::string& name, unsigned long request) {
  ifreq about{};
  name.copy(about.ifr_name, IFNAMSIZ - 1);
  if (ioctl(socket, request, &about) != 0)
    throw InputError(fmt::format("interface {}: {}", name, last_problem()));
  return about;
}

}  // namespace

InterfaceFacts look_up_interface(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) throw InputError(fmt::format("'{}' names no interface", name));
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) throw Error(fmt::format("socket: {}", last_problem()));
  const struct Closer {
    int fd;
    ~Closer() { close(fd); }
  } closer{socket};
  InterfaceFacts facts{.name = name};
  facts.index = ask(socket, name, SIOCGIFINDEX).ifr_ifindex;
  facts.mtu = static_cast<std::size_t>(ask(socket, name, SIOCGIFMTU).ifr_mtu);
  const auto hardware = ask(socket, name, SIOCGIFHWADDR).ifr_hwaddr;
  // Loopback frames have an Ethernet header, too.
  if (hardware.sa_family != ARPHRD_ETHER && hardware.sa_family != ARPHRD_LOOPBACK)
    throw InputError(fmt::format("interface {} is no Ethernet", name));
  std::memcpy(facts.address.bytes.data(), hardware.sa_data, facts.address.bytes.size());
  if ((ask(socket, name, SIOCGIFFLAGS).ifr_flags & IFF_UP) == 0)
    throw InputError(fmt::format("interface {} is down", name));
  return facts;
}

FrameSender::FrameSender(const InterfaceFacts& interface) : pieces_(largest_batch), messages_(largest_batch) {
  socket_ = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // protocol 0: it receives nothing
  if (socket_ < 0) throw Error(fmt::format("sending frames: {}", last_problem()));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = interface.index;
  const int yes = 1;
  if (bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      setsockopt(socket_, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0) {
    const std::string problem = last_problem();
    close(socket_);
    throw Error(fmt::format("sending frames on {}: {}", interface.name, problem));
  }
  prctl(PR_SET_TIMERSLACK, 1UL);  // else a sleep may end 50 us late (prctl(2))
  for (std::size_t i = 0; i < largest_batch; ++i) {
    messages_[i].msg_hdr.msg_iov = &pieces_[i];
    messages_[i].msg_hdr.msg_iovlen = 1;
  }
}

FrameSender::~FrameSender() { close(socket_); }

Duration FrameSender::since_beginning() const { return now() - began_; }

bool FrameSender::wait_until(Duration due, const std::function<bool()>& go_on) const {
  for (;;) {
    const Duration left = due - since_beginning();
    if (left <= spin) break;
    if (!go_on()) return false;
    sleep_until(began_ + std::min(due - spin, since_beginning() + longest_nap));
  }
  while (since_beginning() < due) {
  }
  return true;
}

void FrameSender::send(const FrameBlock& block, const std::function<bool()>& go_on) {
  if (!begun_) began_ = now();
  begun_ = true;
  std::size_t next = 0;
  while (next < block.frames.size()) {
    if (!wait_until(block.frames[next].due, go_on)) return;
    const Duration time = since_beginning();
    std::size_t count = 1;
    while (count < largest_batch && next + count < block.frames.size() &&
           block.frames[next + count].due <= time)
      ++count;
    if (count == largest_batch && !go_on()) return;
    const std::size_t done = send_batch(block, next, count);
    if (done == 0 && !go_on()) return;
    next += done;
  }
}

std::size_t FrameSender::send_batch(const FrameBlock& block, std::size_t first, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto octets = block.octets(block.frames[first + i]);
    pieces_[i] = {.iov_base = const_cast<std::uint8_t*>(octets.data()), .iov_len = octets.size()};
  }
  const Duration before = since_beginning();
  const int sent = sendmmsg(socket_, messages_.data(), static_cast<unsigned>(count), 0);
  if (sent < 0) {
    if (errno == EINTR) return 0;
    if (errno == EAGAIN || errno == ENOBUFS) {  // the interface's queue is full: it empties soon
      sleep_until(now() + 20us);
      return 0;
    }
    ++report_.failed[last_problem()];
    return 1;
  }
  const Duration each = (since_beginning() - before) / sent;
  for (int i = 0; i < sent; ++i) {
    const auto& frame = block.frames[first + static_cast<std::size_t>(i)];
    report_.octets += frame.size;
    report_.error.add(before + each * i - frame.due);
  }
  report_.frames += static_cast<std::uint64_t>(sent);
  report_.took = since_beginning();
  return static_cast<std::size_t>(sent);
}

}  // namespace hanglab::replay
