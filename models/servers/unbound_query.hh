// What unbound makes of a message before it looks for an answer: whether it stays silent, sends the message
// back with an error in its header, or has a question to answer. Source: unbound 1.17.1,
// worker_check_request() and worker_handle_request() in daemon/worker.c, query_info_parse() in
// util/data/msgreply.c, parse_edns_from_query_pkt() in util/data/msgparse.c.
#pragma once

#include <cstdint>
#include <optional>

#include "core/dns.hh"
#include "models/servers/wire_name.hh"

namespace hanglab::servers {

struct UnboundEdns {
  std::uint16_t udp_payload_size = 0;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  bool asks_for_keepalive = false;  // RFC 7828, over TCP
  bool bad_keepalive = false;       // with data, as no client may send it
};

struct UnboundQuery {
  enum class Kind { silence, echo, question };

  Kind kind = Kind::silence;
  dns::Rcode rcode = dns::noerror;  // of an echo; of a question: FORMERR for what stands behind it
  dns::Header header{};
  WireName name{};  // as the client spelt it
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::optional<UnboundEdns> edns{};
};

UnboundQuery read_unbound_query(dns::ByteView message, bool harden_large_queries);

}  // namespace hanglab::servers
