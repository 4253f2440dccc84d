// How dnsmasq sends on a question that came over UDP, and what it does with what comes back. Each question
// has an id and a socket of its own, unconnected, so that no ICMP error reaches it. It goes to the server
// that answered last, or to all of its group; there is no timer: only the client's asking again, from the
// same port with the same id, sends it again, then to all. A client that asks the same within 2 s waits with
// the first one. SERVFAIL and REFUSED make dnsmasq try all servers, unless they were asked already; of
// several servers' REFUSED the last counts, of their other answers the first. What cannot be sent to any
// server is REFUSED at once. A question without an answer stays open for 40 s, or for 10 s where another
// needs its place, and no client is told; until then a late answer is passed on.
//
// Left out: that more than 64 open questions share sockets; --port-limit; --fast-dns-retry, which is refused
// as an option; loops of servers, which dnsmasq does not see without --dns-loop-detect either. Source:
// dnsmasq 2.90, forward_query(), reply_query(), get_new_frec() and allocate_rfd() in src/forward.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "models/servers/dns_server.hh"
#include "models/servers/dnsmasq_answers.hh"

namespace hanglab::servers {

class DnsmasqForwarding final : public Forwarding {
 public:
  DnsmasqForwarding(const DnsmasqAnswers& answers, DnsmasqMemory& memory, posix::Posix& os, Deliver deliver)
      : answers_(answers), memory_(memory), os_(os), deliver_(std::move(deliver)) {}

  posix::Task<bool> forward(dns::Bytes query, Client client) override;

 private:
  struct Asker {
    Client client;
    std::uint16_t id;
  };

  // A question that was sent on; dnsmasq's `struct frec`.
  struct Open {
    dns::Bytes query;      // as the first client sent it
    unsigned kind = 0;     // what else must be the same for another query to join: CD, AD, EDNS, DO
    std::uint16_t id = 0;  // upstream
    std::size_t group = 0;
    Seconds began = 0;
    std::vector<Asker> askers{};
    int fd = -1;
    std::size_t last_sent_to = 0;
    int asked_all = 0;  // 1, and one more for each server that it was sent to and that has not answered
    bool repeated = false;
    bool has_options = false;
    bool done = false;
    std::optional<posix::Task<bool>> reader{};
  };

  enum class Why { asked_again, refused };

  Open* find(dns::ByteView query, unsigned kind);
  posix::Task<bool> add(dns::Bytes query, unsigned kind, Client client);
  posix::Task<bool> make_place(std::size_t group);
  posix::Task<bool> send(Open& open, std::size_t first);
  posix::Task<bool> send_again(Open& open, Why why);
  posix::Task<bool> read_answers(Open& open);
  posix::Task<bool> take(Open& open, dns::Bytes message, Endpoint from);
  void pass_on(Open& open, dns::Bytes message);
  void refuse(dns::ByteView query, Client client, std::optional<std::uint16_t> extended_error);
  dns::Bytes upstream_query(const Open& open) const;
  const std::vector<Ipv4Address>& servers_of(const Open& open) const {
    return answers_.groups()[open.group].servers;
  }
  Seconds now() const { return memory_.seconds(os_.now()); }

  const DnsmasqAnswers& answers_;
  DnsmasqMemory& memory_;
  posix::Posix& os_;
  Deliver deliver_;
  std::list<Open> open_;
  std::size_t places_ = 0;  // records that were ever in use at once: they are never given back
};

}  // namespace hanglab::servers
