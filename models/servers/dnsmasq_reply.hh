// An answer under construction, the way dnsmasq builds it: in the query's own buffer. The header and
// questions stay as they were asked (letter case and unknown flag bits too), records follow while they
// fit, and the EDNS record comes last, if there is still room. Source: dnsmasq 2.90,
// add_resource_record() in src/rfc1035.c, add_pseudoheader() in src/edns0.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "core/dns.hh"
#include "models/servers/dns_server.hh"
#include "models/servers/dnsmasq_hosts.hh"

namespace hanglab::servers {

struct EdnsReply {
  std::uint16_t udp_payload_size = 0;             // what dnsmasq itself would take
  bool dnssec_ok = false;                         // as in the query
  std::optional<std::uint16_t> extended_error{};  // RFC 8914 info code, without text
};

class Reply {
 public:
  // `head`: header and questions of the query. `limit`: the largest message.
  Reply(dns::ByteView head, std::size_t limit);

  // The records as they stand after `looks` looks at them.
  void add(const HostRecords& records, std::size_t looks);

  // From the cache, one at a time: the next alias of the chain, an address of the name at its end, and a
  // record that explains why there is none.
  void add_alias(std::uint32_t ttl, const std::string& target);
  void add_record(std::uint16_t type, std::uint32_t ttl, dns::ByteView rdata);
  void add_authority(const std::string& owner, std::uint16_t type, std::uint32_t ttl, dns::ByteView rdata);

  std::size_t answers() const { return answers_; }
  bool truncated() const { return truncated_; }
  // With the final flags. Message and sizes are set, service time is not.
  Answer finish(std::uint16_t flags, const std::optional<EdnsReply>& edns);

 private:
  void add_block(dns::ByteView block, std::size_t record_size);
  bool add_whole(dns::ByteView record);
  bool add_edns(const EdnsReply& edns);

  dns::Bytes bytes_;
  std::size_t limit_;
  std::size_t full_size_;
  std::size_t answers_ = 0;
  std::size_t authorities_ = 0;
  std::size_t owner_offset_ = dns::header_size;  // where the name stands that the next record is of
  bool truncated_ = false;
};

}  // namespace hanglab::servers
