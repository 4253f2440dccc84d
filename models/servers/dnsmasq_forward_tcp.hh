// How a child process of dnsmasq sends on a question that came over TCP: over TCP to one server, then the
// next, beginning with the one that answered last over UDP. It stays connected for the next question. Its SYN
// is sent again twice (TCP_SYNCNT), so that a silent firewall costs 7 s; connect() is by sendto() with
// MSG_FASTOPEN, which asks for a cookie that servers do not give, and where that was refused connect()
// follows, so that a refusal is two. Where no server can be reached there is no answer at all. Source:
// dnsmasq 2.90, tcp_talk() and tcp_request() in src/forward.c, read_write() in src/util.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>

#include "core/address.hh"
#include "core/dns.hh"
#include "models/posix/posix.hh"
#include "models/posix/task.hh"
#include "models/servers/dnsmasq_answers.hh"

namespace hanglab::servers {

class TcpUpstreams {
 public:
  // What the first server says that says anything to the question; else nothing.
  posix::Task<dns::Bytes> ask(posix::Posix& os, const DnsmasqAnswers& answers, const DnsmasqMemory& memory,
                              std::size_t group, dns::Bytes query);

 private:
  struct Connection {
    int fd = -1;
    bool answered = false;  // it worked once, so that it is worth a second try when it is closed
  };

  static posix::Task<bool> connect(posix::Posix& os, Connection& connection, Endpoint to,
                                   const dns::Bytes& framed);
  static posix::Task<dns::Bytes> exchange(posix::Posix& os, int fd, const dns::Bytes& framed, bool is_sent);

  std::map<std::pair<std::size_t, std::size_t>, Connection> connections_;  // by group and server
};

}  // namespace hanglab::servers
