// An answer as BIND puts it together: sets of records by section, then written while they fit. Without an
// EDNS record a set that does not fit is sent in part; with one, a truncated message holds nothing but the
// question. Names are compressed with regard to case, against the first two labels of each name before.
// Source: BIND 9.18.49, dns_message_rendersection() and dns_message_renderend() in lib/dns/message.c,
// towiresorted() in lib/dns/rdataset.c, lib/dns/compress.c.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/dns.hh"
#include "models/servers/dns_server.hh"
#include "models/servers/named_query.hh"
#include "models/servers/zone_file.hh"

namespace hanglab::servers {

struct NamedSet {
  WireName owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::vector<const Rdata*> records{};  // in the order in which they are sent
};

struct NamedMessage {
  unsigned flags = 0;  // with the RCODE
  bool has_question = true;
  std::vector<NamedSet> answers{};
  std::vector<NamedSet> authorities{};
  std::vector<NamedSet> additionals{};
  std::optional<dns::Bytes> opt{};  // the whole EDNS record

  // The message, and its size uncut where it was cut.
  Answer write(const NamedQuery& query, std::size_t limit) const;
};

}  // namespace hanglab::servers
