// The names that dnsmasq serves from host files, in the order in which it serves them. That order is
// no accident of chance: names live in hash chains, and every first look at a name moves its first
// address behind the others ("round robin"). Reading the host file looks at the name before each
// address it adds, so that 10.0.0.1 to 10.0.0.4 come out as .1, .3, .2, .4, and each answer rotates
// the list by one more. Addresses that were the first to map to a name (they answer PTR) stand before,
// and rotate apart from, those that another name had first.
//
// Left out: dnsmasq hashes names with a table that holds pointers, so which names share a chain differs
// from one start to the next. Where the lines of two names that share one are interleaved in the file,
// the real order varies likewise; this is the order without sharing.
//
// Source: dnsmasq 2.79 and 2.90, src/cache.c: add_hosts_entry(), cache_hash(), cache_find_by_name(),
// rehash(), make_non_terminals().
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/dns.hh"
#include "models/servers/dnsmasq_options.hh"
#include "models/servers/hosts_file.hh"

namespace hanglab::servers {

// The addresses of one name and family, or the names of one address, as resource records ready to be
// sent after a question: owner name a pointer to it.
struct HostRecords {
  dns::Bytes rotating;          // one record after the other; each look moves the first to the end
  dns::Bytes fixed;             // follow those, always in this order
  std::size_t record_size = 0;  // of each; 0: they vary, and are found by their RDLENGTH
  std::size_t count = 0;        // of all
};

struct HostName {
  HostRecords a;
  HostRecords aaaa;
};

class DnsmasqHosts {
 public:
  // One list of lines a file, in the order in which they are read.
  DnsmasqHosts(const DnsmasqOptions& options, const std::vector<std::vector<HostLine>>& files);

  // Names in lower case, without the final dot. Nullptr: unknown. A name that only has names below it
  // is there without addresses; 2.79 does not keep those.
  const HostName* find(const std::string& name) const;
  const HostRecords* find(const IpAddress& address) const;

 private:
  std::unordered_map<std::string, HostName> names_;
  std::map<IpAddress, HostRecords> pointers_;
};

}  // namespace hanglab::servers
