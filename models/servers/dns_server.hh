// What a world needs of a DNS server: question in, messages out, and how long each takes. A server
// keeps state between questions (dnsmasq rotates the addresses of a name), so it lives as long as one
// run and starts the next one fresh; what it leaves to chance comes from the random numbers that it is
// started with. Messages are whole DNS messages, without TCP's length prefix
// (RFC 1035 4.2.2). A server never fails: to a message that it cannot read it says nothing, or no.
//
// A server that forwards leaves some questions open. Those it asks of others in system calls of the process
// that has the question, so that its host's kernel, routes and firewall decide what comes of it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "core/address.hh"
#include "core/dns.hh"
#include "core/error.hh"
#include "core/random.hh"
#include "core/time.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"

namespace hanglab::servers {

struct Answer {
  dns::Bytes message{};       // empty: the server says nothing
  std::size_t full_size = 0;  // of a truncated message: its size uncut; else 0
  Duration service_time{};    // the server's work for it: one message at a time in one process
  bool close = false;         // TCP: the server closes the connection once the message, if any, is sent
  Duration delay{};           // then waited before it is sent, while the server is free for others
  bool raw = false;           // TCP: the message is octets to be sent as they are, without a length prefix
  bool open = false;          // no answer yet: others have to be asked, as forward() does
};

// One TCP connection as the server sees it, until it is destroyed.
class TcpSession {
 public:
  virtual ~TcpSession() = default;
  virtual Answer answer(dns::ByteView query, TimePoint now) = 0;
  // What answer() left open, asked of others by the connection's own process.
  virtual posix::Task<Answer> forward(posix::Posix&, dns::Bytes /*query*/) {
    throw Error("this server asks nobody");
  }
  // The server closes a connection that is idle for so long from now on. Nothing: it waits.
  virtual std::optional<Duration> idle_timeout(TimePoint /*now*/) const { return {}; }
};

// What a server may do to a connection before it has read anything.
enum class TcpRefusal {
  none,
  close_at_once,  // as soon as it is accepted
  reset,          // close(2) with the first octets unread, which Linux turns into RST
};

// How a server treats TCP connections as such.
struct TcpService {
  bool process_per_connection = false;  // else one process serves UDP and all connections in turn
  int most_connections = 0;             // served at once; further ones wait in the listen queue
  int backlog = 0;                // of listen(2): Linux lets backlog + 1 wait and drops the SYNs of more
  Duration accept_time{};         // from the end of the handshake to a session that reads, at least
  Duration accept_spread{};       // … and the mean of what comes on top, exponentially distributed
  Duration lifetime{};            // the server ends a connection this long after it was accepted; 0: never
  bool any_octet_counts = true;   // as a sign of life; else only a whole message, or an answer
  Duration first_octet_within{};  // instead of the idle timeout, at first; 0: that
  // A question that is open holds up no other on its connection, and ends when the client closes that.
  bool answers_as_they_come = false;
  // It reads one message and no octet of the next, and calls shutdown(2) before close(2): a connection that
  // it ends with a question unread sends FIN and then RST.
  bool leaves_next_unread = false;
  TcpRefusal refusal = TcpRefusal::none;
};

// Who asked over UDP, and at which address of the server.
struct Client {
  Endpoint from;
  IpAddress to;
  bool operator==(const Client&) const = default;
};

using Deliver = std::function<void(const Client&, const dns::Bytes& message)>;

// The questions of one run that a server's main process has forwarded over UDP. Ends before that process
// does.
class Forwarding {
 public:
  virtual ~Forwarding() = default;
  // Sends on what answer() left open; returns when it is sent. Answers are delivered when they come.
  virtual posix::Task<bool> forward(dns::Bytes query, Client client) = 0;
};

class DnsServer {
 public:
  virtual ~DnsServer() = default;
  virtual Answer answer(dns::ByteView query, TimePoint now) = 0;  // a UDP datagram
  virtual std::unique_ptr<TcpSession> accept() = 0;               // not to outlive the server or its restart
  virtual TcpService tcp() const = 0;
  // Whether it leaves any question open.
  virtual bool forwards() const { return false; }
  // Of one that does; `os` is its main process.
  virtual std::unique_ptr<Forwarding> forwarding(posix::Posix& /*os*/, Deliver /*deliver*/) {
    throw Error("this server asks nobody");
  }
  virtual void restart(Random random) = 0;  // as just started: the next run must not see this one
};

}  // namespace hanglab::servers
