#include "live/packet_tap.hh"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <span>

#include "core/error.hh"

namespace hanglab::live {

namespace {

constexpr int room = 16 << 20;           // bytes the kernel may keep for us
constexpr std::size_t largest = 65'536;  // of an IP packet

// How IPv6 neighbours find one another and report their groups: as ARP, it is no part of a capture.
bool is_multicast(std::span<const std::uint8_t> packet) {
  constexpr std::size_t destination_at = 24;
  return packet.size() > destination_at && packet[destination_at] == 0xff;
}

// 1970 until the packet; the kernel stamps it as it passes.
Duration stamp_of(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SO_TIMESTAMPNS) continue;
    timespec at{};
    std::memcpy(&at, CMSG_DATA(part), sizeof at);
    return std::chrono::seconds(at.tv_sec) + Duration(at.tv_nsec);
  }
  throw Error("a packet without its time");
}

}  // namespace

PacketTap::PacketTap(const Host& host, std::uint32_t host_index, std::uint32_t interface_index)
    : host_(host_index), interface_(interface_index), buffer_(largest) {
  const auto& interfaces = host.plan().interfaces;
  loopback_ = interface_index == interfaces.size();
  const std::string name = loopback_ ? "lo" : interfaces[interface_index].name;
  const Host::Network inside(host);
  socket_ = Fd(socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);  // packets on their way out are shown to nobody else
  address.sll_ifindex = static_cast<int>(if_nametoindex(name.c_str()));
  const int on = 1;
  const bool made = socket_ && address.sll_ifindex > 0 &&
                    setsockopt(socket_.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) == 0 &&
                    bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (!made)
    throw Error(fmt::format("host {}: capture on {}: {}", host.plan().name, name, std::strerror(errno)));
  if (setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);  // what a user may have
}

void PacketTap::read(std::vector<PacketEvent>& into) {
  for (;;) {
    sockaddr_ll from{};
    iovec piece{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
    alignas(cmsghdr) std::array<char, 128> control{};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = recvmsg(socket_.get(), &message, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) {
      if (errno == EAGAIN || errno == ENETDOWN) return;
      throw Error(fmt::format("capture: {}", std::strerror(errno)));
    }
    const bool v6 = from.sll_protocol == htons(ETH_P_IPV6);
    if ((from.sll_protocol != htons(ETH_P_IP) && !v6) || from.sll_pkttype == PACKET_OTHERHOST) continue;
    if (loopback_ && from.sll_pkttype == PACKET_OUTGOING) continue;  // comes in at once
    if (v6 && is_multicast({buffer_.data(), static_cast<std::size_t>(size)})) continue;
    into.push_back({.at = stamp_of(message),
                    .host = host_,
                    .interface = interface_,
                    .direction = from.sll_pkttype == PACKET_OUTGOING ? Direction::out : Direction::in,
                    .bytes = {buffer_.begin(), buffer_.begin() + size}});
  }
}

std::uint64_t PacketTap::dropped() const {
  tpacket_stats counts{};
  socklen_t size = sizeof counts;
  if (getsockopt(socket_.get(), SOL_PACKET, PACKET_STATISTICS, &counts, &size) != 0) return 0;
  return counts.tp_drops;
}

}  // namespace hanglab::live
