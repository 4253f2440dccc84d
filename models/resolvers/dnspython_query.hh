// One exchange with one server, as dns.query.udp() and dns.query.tcp() make it: non-blocking sockets, a try
// to read before each wait in poll(2), and one expiration for all of it. Source: dnspython 2.3.0 (Debian 12),
// dns/query.py and dns/message.py (is_response, from_wire); selectors.py of Python 3.11 (PollSelector).
#pragma once

#include "core/dns.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/resolvers/dnspython_config.hh"

namespace hanglab::resolvers::dnspython {

// How an exchange with a server ended; what is no answer is an exception in the original.
enum class Exchange {
  answered,
  timeout,    // dns.exception.Timeout
  truncated,  // dns.message.Truncated
  no_good,    // OSError, EOFError, FormError: this server is not asked again
  unexpected  // UnexpectedSource, NoDOH: it is
};

struct Response {
  Exchange exchange = Exchange::timeout;
  dns::Message message{};
  dns::Bytes bytes{};  // to which the message refers
};

// A query is made once and asked of as many servers as it takes, always with the same id.
class Query {
 public:
  Query(posix::Posix& os, dns::Question question, bool edns0);

  posix::Task<Response> ask(Nameserver server, bool over_tcp, TimePoint expiration);
  const dns::Question& question() const { return question_; }

 private:
  posix::Task<Response> exchange_udp(int fd, Endpoint server);
  posix::Task<Response> exchange_tcp(int fd, Endpoint server);
  posix::Task<std::optional<Exchange>> net_read(int fd, std::span<std::uint8_t> buffer);
  posix::Task<bool> wait_for(int fd, short events);
  posix::Task<Response> read_message(dns::Bytes bytes, bool raise_on_truncation);
  bool is_response(const dns::Message& message) const;

  posix::Posix& os_;
  dns::Question question_;
  std::uint16_t id_;
  dns::Bytes query_;
  TimePoint expiration_{};  // of the exchange at work
};

}  // namespace hanglab::resolvers::dnspython
