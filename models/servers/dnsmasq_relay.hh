// What dnsmasq makes of an upstream server's message before a client gets it: a truncated one loses all its
// records but EDNS, AD is cleared and RA set, CD is as the client had it, NXDOMAIN for a name that a host
// file knows becomes an empty answer, and what cannot be read becomes SERVFAIL. AA stays as the server had
// it. Source: dnsmasq 2.90, process_reply() and return_reply() in src/forward.c.
#pragma once

#include <cstdint>

#include "core/dns.hh"
#include "models/servers/dnsmasq_answers.hh"

namespace hanglab::servers {

// Both are a header and a question at least; true where a message answers a question as it was sent.
bool same_question(dns::ByteView question, dns::ByteView message);

// Of the EDNS record of a query that is sent on. Nothing: the query has none.
struct ForwardedEdns {
  std::size_t size_at = 0;   // offset of the payload size
  bool has_options = false;  // dnsmasq cannot make such a query anew
};
std::optional<ForwardedEdns> find_forwarded_edns(dns::ByteView query);

struct Relayed {
  dns::Bytes message;
  std::vector<DnsmasqCache::Entry> kept{};  // for the cache
};

// `query` is what the client sent, with its id.
Relayed relay(const DnsmasqAnswers& answers, dns::ByteView query, dns::Bytes reply, Seconds now);

}  // namespace hanglab::servers
