#include "models/servers/dnsmasq_forward_tcp.hh"

#include <cerrno>
#include <span>

#include "core/big_endian.hh"
#include "models/servers/dnsmasq_relay.hh"

namespace hanglab::servers {

namespace {

constexpr std::uint16_t dns_port = 53;
constexpr int syn_retransmissions = 2;  // TCP_SYNCNT

posix::Task<bool> read_exactly(posix::Posix& os, int fd, std::span<std::uint8_t> into) {
  while (!into.empty()) {
    const auto got = co_await os.read(fd, into);
    if (got.value <= 0) co_return false;
    into = into.subspan(static_cast<std::size_t>(got.value));
  }
  co_return true;
}

}  // namespace

posix::Task<dns::Bytes> TcpUpstreams::ask(posix::Posix& os, const DnsmasqAnswers& answers,
                                          const DnsmasqMemory& memory, std::size_t group, dns::Bytes query) {
  const auto& servers = answers.groups()[group].servers;
  const dns::Bytes framed = dns::framed(query);
  std::size_t first = 0;
  if (!answers.options().strict_order) first = memory.groups[group].last_answered.value_or(0);
  for (std::size_t tried = 0; tried < servers.size();) {
    const std::size_t server = (first + tried) % servers.size();
    Connection& connection = connections_[{group, server}];
    bool is_sent = false;
    if (connection.fd < 0) {
      is_sent = co_await connect(os, connection, {servers[server], dns_port}, framed);
      connection.answered = false;
    }
    dns::Bytes answer;
    if (connection.fd >= 0) answer = co_await exchange(os, connection.fd, framed, is_sent);
    if (!answer.empty() && same_question(query, answer)) {
      connection.answered = true;
      co_return answer;
    }
    if (answer.empty() && connection.fd >= 0) {
      co_await os.close(connection.fd);
      connection.fd = -1;
      if (connection.answered) continue;
    }
    ++tried;
  }
  co_return dns::Bytes();
}

// Whether the query was sent with it; without a connection the descriptor is closed again.
posix::Task<bool> TcpUpstreams::connect(posix::Posix& os, Connection& connection, Endpoint to,
                                        const dns::Bytes& framed) {
  const auto socket = co_await os.socket(Transport::tcp, false);
  connection.fd = static_cast<int>(socket.value);
  co_await os.setsockopt(connection.fd, posix::Syscall::Option::syncnt, syn_retransmissions);
  const auto fast = co_await os.sendmsg(connection.fd, framed, {}, to);
  if (fast.ok()) co_return true;
  if (fast.error != ETIMEDOUT && fast.error != EHOSTUNREACH) {
    const auto slow = co_await os.connect(connection.fd, to);
    if (slow.ok()) co_return false;
  }
  co_await os.close(connection.fd);
  connection.fd = -1;
  co_return false;
}

posix::Task<dns::Bytes> TcpUpstreams::exchange(posix::Posix& os, int fd, const dns::Bytes& framed,
                                               bool is_sent) {
  if (!is_sent) {
    const auto sent = co_await os.write(fd, framed);
    if (!sent.ok()) co_return dns::Bytes();
  }
  dns::Bytes length(2);
  const bool has_length = co_await read_exactly(os, fd, length);
  if (!has_length) co_return dns::Bytes();
  dns::Bytes answer(get_u16(length));
  const bool has_answer = co_await read_exactly(os, fd, answer);
  if (!has_answer) co_return dns::Bytes();
  co_return answer;
}

}  // namespace hanglab::servers
