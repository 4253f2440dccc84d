// How one dnsmasq process answers: what it was started with, which stays, and what it has to remember.
// First the host files, in a few cases the type or class alone; then the cache; then NOERROR or NXDOMAIN for
// a local domain, and REFUSED where there is no upstream server to ask. Source: answer_request() and
// setup_reply() in src/rfc1035.c, make_local_answer() in src/domain-match.c, 2.79 and 2.90.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/dns.hh"
#include "models/servers/dns_server.hh"
#include "models/servers/dnsmasq_cache.hh"
#include "models/servers/dnsmasq_hosts.hh"
#include "models/servers/dnsmasq_options.hh"
#include "models/servers/dnsmasq_query.hh"
#include "models/servers/dnsmasq_reply.hh"
#include "models/servers/dnsmasq_upstream.hh"

namespace hanglab::servers {

// What a process remembers of a list of records.
struct Look {
  std::size_t count = 0;   // each rotates the list by one
  bool own_pages = false;  // it looked since it last forked: the memory is its own, and quick to change
};

using Looks = std::unordered_map<const HostRecords*, Look>;

// Both processes start over with shared pages when one forks.
void share_pages(Looks& looks);

// What a process knows beyond what it was started with. fork(2) copies it.
struct DnsmasqMemory {
  Looks looks{};
  DnsmasqCache cache;
  std::vector<GroupMemory> groups;
  Duration phase{};  // of the clock: the second it is, at the beginning of the run

  Seconds seconds(TimePoint now) const;
};

struct AnswerRules {
  std::size_t limit;         // the largest message
  bool edns;                 // the client gets an EDNS record
  std::uint16_t unreadable;  // RFC 8914 info code for a name that cannot be read
};

class DnsmasqAnswers {
 public:
  DnsmasqAnswers(DnsmasqOptions options, const std::vector<std::vector<HostLine>>& files);

  const DnsmasqOptions& options() const { return options_; }

  const UpstreamGroups& groups() const { return groups_; }
  bool knows(const std::string& name) const { return hosts_.find(name) != nullptr; }
  DnsmasqMemory fresh_memory() const;

  // `message` is what `query` was read from. Nothing to say: no message in the answer, or it is left open.
  Answer answer(dns::ByteView message, const DnsmasqQuery& query, DnsmasqMemory& memory, Seconds now,
                const AnswerRules& rules) const;
  // Where no upstream server could be sent the query, or there are too many questions open already.
  Answer refuse(dns::ByteView message, const DnsmasqQuery& query, std::size_t limit,
                std::optional<std::uint16_t> extended_error) const;

 private:
  struct Found {
    dns::Rcode rcode = dns::noerror;
    unsigned more_flags = 0;
    Duration time{};
  };

  bool old() const { return options_.version == DnsmasqVersion::v2_79; }
  bool refuses_to_be_snooped(const DnsmasqQuery& query) const;
  bool is_local(std::string_view name) const;
  // Adds the list as it stands, and tells how long that takes.
  Duration add(const HostRecords& records, Looks& looks, Reply& reply) const;
  // What the host files, or the type or class asked for, decide alone.
  std::optional<Found> from_hosts(const DnsmasqQuery& query, Looks& looks, Reply& reply) const;
  std::optional<Found> from_cache(const DnsmasqQuery& query, DnsmasqCache& cache, Seconds now,
                                  Reply& reply) const;
  // Nothing: an upstream server has to be asked.
  std::optional<dns::Rcode> from_here(const DnsmasqQuery& query) const;

  DnsmasqOptions options_;
  DnsmasqHosts hosts_;
  UpstreamGroups groups_;
};

}  // namespace hanglab::servers
