#include "live/output_log.hh"

#include <fmt/format.h>
#include <libnetfilter_log/libnetfilter_log.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <map>
#include <span>
#include <string>

#include "core/error.hh"

namespace hanglab::live {

namespace {

constexpr std::uint16_t group = 53;
constexpr std::uint32_t whole_packet = 0xffff;
constexpr std::size_t largest_message = 1 << 17;
constexpr int room = 16 << 20;  // bytes the kernel may keep for us

constexpr std::size_t protocol_at = 9;
constexpr std::uint8_t protocol_icmp = 1;
constexpr std::uint8_t protocol_udp = 17;
constexpr std::uint8_t protocol_icmpv6 = 58;
constexpr std::size_t shortest_header = 20;
constexpr std::size_t ipv6_header = 40;
constexpr std::size_t ipv6_next_header_at = 6;

Duration now_on_the_calendar() {
  timespec at{};
  clock_gettime(CLOCK_REALTIME, &at);
  return std::chrono::seconds(at.tv_sec) + Duration(at.tv_nsec);
}

// Empty where it is no IP packet. IPv6 has no identification.
std::string identity(const PacketEvent& packet) {
  const auto& bytes = packet.bytes;
  if (bytes.size() < shortest_header) return {};
  const bool v6 = bytes[0] >> 4 == 6;
  const std::size_t header = v6 ? ipv6_header : static_cast<std::size_t>(bytes[0] & 0x0f) * 4;
  if (header < shortest_header || bytes.size() < header + 8) return {};
  const auto octets = [&bytes](std::size_t from, std::size_t count) {
    return std::string(bytes.begin() + static_cast<std::ptrdiff_t>(from),
                       bytes.begin() + static_cast<std::ptrdiff_t>(from + count));
  };
  // UDP: ports and length; TCP: ports and sequence number; ICMP: type and code, what follows is checksum.
  const std::uint8_t protocol = bytes[v6 ? ipv6_next_header_at : protocol_at];
  const bool icmp = protocol == protocol_icmp || protocol == protocol_icmpv6;
  const std::size_t telling = protocol == protocol_udp ? 6 : icmp ? 2 : 8;
  const std::string addresses = v6 ? octets(8, 32) : octets(4, 2) + octets(12, 8);
  return fmt::format("{}/{}/", packet.host, protocol) + addresses + octets(header, telling);
}

}  // namespace

struct OutputLog::State {
  nflog_handle* handle = nullptr;
  nflog_g_handle* packets = nullptr;
  std::uint32_t host = 0;
  std::vector<std::uint8_t> buffer = std::vector<std::uint8_t>(largest_message);
  std::vector<PacketEvent>* into = nullptr;

  ~State() {
    if (handle != nullptr) nflog_close(handle);
  }

  static int take(nflog_g_handle*, nfgenmsg*, nflog_data* data, void* to) {
    auto& state = *static_cast<State*>(to);
    char* payload = nullptr;
    const int size = nflog_get_payload(data, &payload);
    if (size <= 0) return 0;
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(payload);
    state.into->push_back({.at = now_on_the_calendar(),
                           .host = state.host,
                           .interface = 0,
                           .direction = Direction::out,
                           .bytes = {bytes, bytes + size}});
    return 0;
  }
};

OutputLog::OutputLog(const Host& host, std::uint32_t host_index) : state_(std::make_unique<State>()) {
  state_->host = host_index;
  {
    const Host::Network inside(host);
    state_->handle = nflog_open();
    if (state_->handle != nullptr) state_->packets = nflog_bind_group(state_->handle, group);
  }
  const bool ready = state_->packets != nullptr &&
                     nflog_set_mode(state_->packets, NFULNL_COPY_PACKET, whole_packet) == 0 &&
                     nflog_set_timeout(state_->packets, 0) == 0 && nflog_set_qthresh(state_->packets, 1) == 0;
  if (!ready)
    throw Error(
        fmt::format("host {}: the kernel's packet log (NFLOG): {}", host.plan().name, std::strerror(errno)));
  if (setsockopt(fd(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);  // what a user may have
  nflog_callback_register(state_->packets, &State::take, state_.get());
  const auto log = [&host](const char* program, const char* protocol) {
    host.run({program, "-w", "-t", "raw", "-A", "OUTPUT", "-p", protocol, "-j", "NFLOG", "--nflog-group",
              std::to_string(group)});
  };
  for (const char* protocol : {"udp", "tcp", "icmp"}) log("iptables", protocol);
  if (!host.plan().has_ipv6()) return;
  for (const char* protocol : {"udp", "tcp", "icmpv6"}) log("ip6tables", protocol);
}

OutputLog::~OutputLog() = default;
OutputLog::OutputLog(OutputLog&&) noexcept = default;

int OutputLog::fd() const { return nflog_fd(state_->handle); }

void OutputLog::read(std::vector<PacketEvent>& into) {
  state_->into = &into;
  auto& buffer = state_->buffer;
  for (;;) {
    const ssize_t size = recv(fd(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno == EAGAIN) return;
    if (size < 0) throw Error(fmt::format("the kernel's packet log (NFLOG): {}", std::strerror(errno)));
    nflog_handle_packet(state_->handle, reinterpret_cast<char*>(buffer.data()), static_cast<int>(size));
  }
}

std::vector<PacketEvent> never_left(const std::vector<PacketEvent>& sent,
                                    const std::vector<PacketEvent>& tapped) {
  std::map<std::string, int> left;
  for (const PacketEvent& packet : tapped)
    if (packet.direction == Direction::out) ++left[identity(packet)];
  std::vector<PacketEvent> stayed;
  for (const PacketEvent& packet : sent)
    if (left[identity(packet)]-- <= 0) stayed.push_back(packet);
  return stayed;
}

}  // namespace hanglab::live
