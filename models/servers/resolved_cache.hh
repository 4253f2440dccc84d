// What systemd-resolved remembers of upstream answers: an answer whole, for as long as the shortest TTL of
// its records, at most 2 h; that there is nothing, where a SOA record says for how long; and SERVFAIL, for 10
// s. Of one record or more the order is drawn anew for each client, and the TTL is what is left, at least 1
// s.
//
// Left out: that what an alias stands for is found by its own name, too; that there is room for 4096 records.
// Source: systemd 252, src/resolve/resolved-dns-cache.c; dns_transaction_randomize_answer().
#pragma once

#include <map>
#include <optional>

#include "core/random.hh"
#include "models/servers/resolved_conf.hh"
#include "models/servers/resolved_message.hh"

namespace hanglab::servers {

class ResolvedCache {
 public:
  struct Found {
    dns::Rcode rcode = dns::noerror;
    ResolvedSections sections{};
  };

  explicit ResolvedCache(ResolvedConf::Cache mode) : mode_(mode) {}

  void keep(const ResolvedKey& key, dns::Rcode rcode, const ResolvedSections& sections, TimePoint now);
  std::optional<Found> find(const ResolvedKey& key, TimePoint now, Random& random);
  void flush() { entries_.clear(); }

 private:
  struct Entry {
    Found found;
    TimePoint until;
  };

  ResolvedConf::Cache mode_;
  std::map<ResolvedKey, Entry> entries_;
};

}  // namespace hanglab::servers
