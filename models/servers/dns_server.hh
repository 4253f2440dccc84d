// What a world needs of a DNS server: question in, messages out, and how long each takes. A server
// keeps state between questions (dnsmasq rotates the addresses of a name), so it lives as long as one
// run and starts the next one fresh; what it leaves to chance comes from the random numbers that it is
// started with. Messages are whole DNS messages, without TCP's length prefix
// (RFC 1035 4.2.2). A server never fails: to a message that it cannot read it says nothing, or no.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>

#include "core/dns.hh"
#include "core/random.hh"
#include "core/time.hh"

namespace hanglab::servers {

struct Answer {
  dns::Bytes message{};       // empty: the server says nothing
  std::size_t full_size = 0;  // of a truncated message: its size uncut; else 0
  Duration service_time{};    // the server's work for it: one message at a time in one process
  bool close = false;         // TCP: the server closes the connection once the message, if any, is sent
};

// One TCP connection as the server sees it, until it is destroyed.
class TcpSession {
 public:
  virtual ~TcpSession() = default;
  virtual Answer answer(dns::ByteView query, TimePoint now) = 0;
  // The server closes a connection that was idle for so long. Nothing: it waits.
  virtual std::optional<Duration> idle_timeout() const { return {}; }
};

// How a server treats TCP connections as such.
struct TcpService {
  bool process_per_connection = false;  // else one process serves UDP and all connections in turn
  int most_connections = 0;             // served at once; further ones wait in the listen queue
  int backlog = 0;               // of listen(2): Linux lets backlog + 1 wait and drops the SYNs of more
  Duration accept_time{};        // from the end of the handshake to a session that reads
  Duration lifetime{};           // the server ends a connection this long after it was accepted; 0: never
  bool any_octet_counts = true;  // as a sign of life; else only a whole message, or an answer
};

class DnsServer {
 public:
  virtual ~DnsServer() = default;
  virtual Answer answer(dns::ByteView query, TimePoint now) = 0;  // a UDP datagram
  virtual std::unique_ptr<TcpSession> accept() = 0;               // not to outlive the server or its restart
  virtual TcpService tcp() const = 0;
  virtual void restart(Random random) = 0;  // as just started: the next run must not see this one
};

}  // namespace hanglab::servers
