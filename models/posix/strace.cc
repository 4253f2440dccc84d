#include "models/posix/strace.hh"

#include <fmt/format.h>
#include <poll.h>

#include <cstring>

#include "models/posix/attempt_log.hh"

namespace hanglab::posix {

namespace {

constexpr std::size_t shown_bytes = 32;  // strace's own default

std::string quoted(ByteView bytes) {
  std::string text = "\"";
  const auto shown = bytes.first(std::min(bytes.size(), shown_bytes));
  for (std::size_t i = 0; i < shown.size(); ++i) {
    const std::uint8_t c = shown[i];
    if (c == '"' || c == '\\') {
      text += '\\';
      text += static_cast<char>(c);
    } else if (c >= 0x20 && c < 0x7f) {
      text += static_cast<char>(c);
    } else {
      // An octal escape takes three digits where a digit follows, as few as it can otherwise.
      const bool digit_follows = i + 1 < shown.size() && shown[i + 1] >= '0' && shown[i + 1] <= '9';
      text += digit_follows ? fmt::format("\\{:03o}", c) : fmt::format("\\{:o}", c);
    }
  }
  return text + (bytes.size() > shown_bytes ? "\"..." : "\"");
}

std::string_view option(const Syscall& call) {
  const bool v6 = call.version == IpVersion::v6;
  switch (call.option) {
    case Syscall::Option::recverr: return v6 ? "SOL_IPV6, IPV6_RECVERR" : "SOL_IP, IP_RECVERR";
    case Syscall::Option::mtu_discover: return v6 ? "SOL_IPV6, IPV6_MTU_DISCOVER" : "SOL_IP, IP_MTU_DISCOVER";
    case Syscall::Option::broadcast: return "SOL_SOCKET, SO_BROADCAST";
    case Syscall::Option::nodelay: return "SOL_TCP, TCP_NODELAY";
    case Syscall::Option::fastopen_connect: return "SOL_TCP, TCP_FASTOPEN_CONNECT";
    case Syscall::Option::maxseg: return "SOL_TCP, TCP_MAXSEG";
    case Syscall::Option::syncnt: return "SOL_TCP, TCP_SYNCNT";
    case Syscall::Option::v6only: return "SOL_IPV6, IPV6_V6ONLY";
  }
  return {};
}

std::string address(const Endpoint& to) {
  if (is_ipv6(to.address))
    return fmt::format(
        "{{sa_family=AF_INET6, sin6_port=htons({}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, \"{}\", "
        "&sin6_addr), sin6_scope_id=0}}",
        to.port, to_string(to.address));
  return fmt::format("{{sa_family=AF_INET, sin_port=htons({}), sin_addr=inet_addr(\"{}\")}}", to.port,
                     to_string(to.address));
}

// What socklen_t says of it.
int size_of(const Endpoint& to) { return is_ipv6(to.address) ? 28 : 16; }
std::string room_and_size_of(const Endpoint& to) { return is_ipv6(to.address) ? "[28]" : "[28 => 16]"; }

std::string events(short bits) {
  std::string text;
  const auto add = [&](short bit, const char* name) {
    if ((bits & bit) == 0) return;
    if (!text.empty()) text += '|';
    text += name;
  };
  add(POLLIN, "POLLIN");
  add(POLLOUT, "POLLOUT");
  add(POLLERR, "POLLERR");
  add(POLLHUP, "POLLHUP");
  return text.empty() ? "0" : text;
}

// "NULL, 0" where there is none.
std::string address_and_size(const Endpoint& to) {
  return to.port == 0 ? "NULL, 0" : fmt::format("{}, {}", address(to), size_of(to));
}

// Both pieces of a message as a program's vector holds them.
std::string vector(const Syscall& call) {
  std::string pieces;
  for (const ByteView piece : call.output)
    if (!piece.empty())
      pieces += fmt::format("{}{{iov_base={}, iov_len={}}}", pieces.empty() ? "" : ", ", quoted(piece),
                            piece.size());
  return fmt::format("msg_iov=[{}], msg_iovlen={}", pieces, call.output[1].empty() ? 1 : 2);
}

std::string polled(const Syscall& call, bool result) {
  std::string text;
  for (const PollFd& fd : call.polled) {
    if (result && fd.revents == 0) continue;
    if (!text.empty()) text += ", ";
    if (fd.fd < 0) {
      text += fmt::format("{{fd={}}}", fd.fd);
      continue;
    }
    text += fmt::format("{{fd={}, {}={}}}", fd.fd, result ? "revents" : "events",
                        events(result ? fd.revents : fd.events));
  }
  return '[' + text + ']';
}

std::string arguments(const Syscall& call, bool unfinished) {
  using Kind = Syscall::Kind;
  switch (call.kind) {
    case Kind::socket:
      return fmt::format("socket({}, {}|SOCK_CLOEXEC{}, IPPROTO_IP)",
                         call.version == IpVersion::v6 ? "AF_INET6" : "AF_INET",
                         call.transport == Transport::udp ? "SOCK_DGRAM" : "SOCK_STREAM",
                         call.nonblocking ? "|SOCK_NONBLOCK" : "");
    case Kind::setsockopt:
      return fmt::format("setsockopt({}, {}, [{}], 4)", call.fd, option(call), call.number);
    case Kind::bind: {
      const Endpoint any{call.version == IpVersion::v6 ? IpAddress(Ipv6Address{}) : IpAddress(), 0};
      return fmt::format("bind({}, {}, {})", call.fd, address(any), size_of(any));
    }
    case Kind::connect:
      return fmt::format("connect({}, {}, {})", call.fd, address(call.address), size_of(call.address));
    case Kind::disconnect:
      return fmt::format(
          "connect({}, {{sa_family=AF_UNSPEC, sa_data=\"\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\"}}, 16)",
          call.fd);
    case Kind::getsockname:
      return fmt::format("getsockname({}, {}, {})", call.fd, address(call.address),
                         room_and_size_of(call.address));
    case Kind::so_error:
      return fmt::format("getsockopt({}, SOL_SOCKET, SO_ERROR, [{}], [4])", call.fd,
                         call.result.value == 0 ? "0" : errno_name(static_cast<int>(call.result.value)));
    case Kind::poll:
      return fmt::format(
          "poll({}, {}, {})", polled(call, false), call.polled.size(),
          call.timeout ? std::chrono::duration_cast<std::chrono::milliseconds>(*call.timeout).count() : -1);
    case Kind::send:
    case Kind::sendto:
      return fmt::format("sendto({}, {}, {}, MSG_NOSIGNAL, {})", call.fd, quoted(call.output[0]),
                         call.output[0].size(), address_and_size(call.address));
    case Kind::sendmsg: {
      const bool fast_open = call.address.port != 0;
      return fmt::format(
          "sendmsg({}, {{msg_name={}, msg_namelen={}, {}, msg_controllen=0, msg_flags=0}}, {})", call.fd,
          fast_open ? address(call.address) : "NULL", fast_open ? size_of(call.address) : 0, vector(call),
          fast_open ? "MSG_NOSIGNAL|MSG_FASTOPEN" : "MSG_NOSIGNAL");
    }
    case Kind::sendmmsg: {
      std::string messages;
      for (std::size_t i = 0; i < call.output.size(); ++i) {
        const bool sent = call.result.ok() && static_cast<std::int64_t>(i) < call.result.value;
        messages += fmt::format(
            "{}{{msg_hdr={{msg_name=NULL, msg_namelen=0, msg_iov=[{{iov_base={}, iov_len={}}}], "
            "msg_iovlen=1, "
            "msg_controllen=0, msg_flags=0}}{}}}",
            i > 0 ? ", " : "", quoted(call.output[i]), call.output[i].size(),
            sent ? fmt::format(", msg_len={}", call.output[i].size()) : "");
      }
      return fmt::format("sendmmsg({}, [{}], {}, MSG_NOSIGNAL)", call.fd, messages, call.output.size());
    }
    case Kind::write:
      return fmt::format("write({}, {}, {})", call.fd, quoted(call.output[0]), call.output[0].size());
    case Kind::writev: {
      std::string pieces;
      for (const ByteView piece : call.output) {
        if (piece.empty()) continue;
        // A length and its message are two pieces of the program's vector.
        pieces += fmt::format("{}{{iov_base={}, iov_len=2}}, {{iov_base={}, iov_len={}}}",
                              pieces.empty() ? "" : ", ", quoted(piece.first(2)), quoted(piece.subspan(2)),
                              piece.size() - 2);
      }
      return fmt::format("writev({}, [{}], {})", call.fd, pieces, call.output[1].empty() ? 2 : 4);
    }
    case Kind::recvfrom:
      if (unfinished) return fmt::format("recvfrom({}, ", call.fd);
      if (call.address.port == 0)
        return fmt::format("recvfrom({}, {}, {}, 0, NULL, NULL)", call.fd,
                           call.result.ok() ? quoted(call.received()) : "0x7ffd0000", call.input.size());
      return fmt::format("recvfrom({}, {}, {}, 0, {}, {})", call.fd, quoted(call.received()),
                         call.input.size(), address(call.address), room_and_size_of(call.address));
    case Kind::recvmsg:
      if (unfinished || !call.result.ok()) return fmt::format("recvmsg({}, {})", call.fd, "0x7ffd0000");
      return fmt::format(
          "recvmsg({}, {{msg_name={}, msg_iov=[{{iov_base={}, iov_len={}}}], msg_flags={}}}, 0)", call.fd,
          call.address.port == 0 ? "NULL" : address(call.address), quoted(call.received()), call.input.size(),
          call.result.truncated ? "MSG_TRUNC" : "0");
    case Kind::read:
      if (unfinished) return fmt::format("read({}, ", call.fd);
      return fmt::format("read({}, {}, {})", call.fd,
                         call.result.ok() ? quoted(call.received()) : "0x7ffd0000", call.input.size());
    case Kind::fionread: return fmt::format("ioctl({}, FIONREAD, [{}])", call.fd, call.result.value);
    case Kind::close: return fmt::format("close({})", call.fd);
    case Kind::work: break;  // is none
  }
  return {};
}

std::string result(const Syscall& call) {
  if (!call.result.ok())
    return fmt::format("-1 {} ({})", errno_name(call.result.error), std::strerror(call.result.error));
  if (call.kind == Syscall::Kind::poll)
    return call.result.value == 0 ? "0 (Timeout)"
                                  : fmt::format("{} ({})", call.result.value, polled(call, true));
  if (call.kind == Syscall::Kind::fionread || call.kind == Syscall::Kind::so_error) return "0";
  return std::to_string(call.result.value);
}

}  // namespace

std::string Strace::line(const Syscall& call, bool unfinished) const {
  const std::string text = fmt::format("{:<6}{}", pid_, arguments(call, unfinished));
  if (unfinished) return text + " <unfinished ...>\n";
  return fmt::format("{:<41} = {} <{:.6f}>\n", text, result(call), to_seconds(call.returned - call.entered));
}

}  // namespace hanglab::posix
