// What dnsmasq remembers of upstream answers: addresses, aliases (CNAME), and what there is none of, for as
// long as its TTL says. All records of an answer are kept or none: none if one has a TTL of 0 or they are
// more than --cache-size, and of what does not exist only where a SOA record or --neg-ttl says for how long.
// Where the cache is full, the RRset that was not looked at for longest makes room.
//
// The records of a name come out as the upstream server had them, and with each look the last one moves to
// the front; a child process tells its parent of them the other way round.
//
// Left out: PTR and SRV, which dnsmasq keeps too; --cache-rr; --use-stale-cache; that an alias to a name of a
// host file is not kept.
// Source: dnsmasq 2.90, src/cache.c: really_insert(), cache_end_insert(), cache_find_by_name();
// src/rfc1035.c: extract_addresses(), find_soa(), answer_request().
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/dns.hh"
#include "models/servers/dnsmasq_options.hh"
#include "models/servers/dnsmasq_reply.hh"
#include "models/servers/dnsmasq_upstream.hh"

namespace hanglab::servers {

class DnsmasqCache {
 public:
  // An answer to be kept: the same value can be given to parent and child.
  struct Entry {
    std::string name;        // in lower case
    std::uint16_t type = 0;  // A, AAAA or CNAME; 0: there is no such name
    bool negative = false;   // none of this type
    Seconds expires = 0;     // of all its records
    std::vector<dns::Bytes> rdata{};
    std::string alias_of{};   // CNAME: the name that it stands for
    std::string soa_owner{};  // of what does not exist
    dns::Bytes soa_rdata{};   // empty: no SOA record was given
    Seconds soa_expires = 0;
    std::uint64_t used = 0;  // by the count of looks; the smallest has to make room
  };

  // What an upstream answer says that can be kept; nothing at all if one record cannot.
  static std::vector<Entry> entries_of(dns::ByteView answer, const DnsmasqOptions& options, Seconds now);

  explicit DnsmasqCache(const DnsmasqOptions& options)
      : size_(static_cast<std::size_t>(options.cache_size)), round_robin_(options.round_robin) {}

  void keep(std::vector<Entry> entries, bool told_by_child);

  // Adds what there is to a reply to a question of type A or AAAA, at most `max_ttl` old to whoever reads it
  // (0: no limit). Nothing: the question has to be asked.
  std::optional<dns::Rcode> answer(std::string name, std::uint16_t type, Seconds now, std::uint32_t max_ttl,
                                   Reply& reply);

 private:
  using Key = std::pair<std::string, std::uint16_t>;

  Entry* find(const std::string& name, std::uint16_t type, Seconds now);
  void forget_rivals(const Entry& entry);
  void make_room(std::size_t records);

  std::size_t size_;
  bool round_robin_;
  std::map<Key, Entry> entries_;
  std::uint64_t looks_ = 0;
};

}  // namespace hanglab::servers
