// What named makes of a message before it looks for an answer. Source: BIND 9.18.49, ns__client_request()
// and process_opt() in lib/ns/client.c, ns_query_start() in lib/ns/query.c, dns_message_parse() in
// lib/dns/message.c.
#pragma once

#include <cstdint>
#include <optional>

#include "core/dns.hh"
#include "models/servers/wire_name.hh"

namespace hanglab::servers {

struct NamedEdns {
  std::uint16_t udp_payload_size = 0;
  std::uint8_t version = 0;
  bool dnssec_ok = false;
  std::optional<dns::Bytes> client_cookie{};  // 8 octets (RFC 7873)
  std::optional<dns::Bytes> client_subnet{};  // RFC 7871, as it came
  bool asks_for_keepalive = false;            // RFC 7828
};

struct NamedQuery {
  enum class Kind { silence, header_error, error, question };

  Kind kind = Kind::silence;
  dns::Rcode rcode = dns::noerror;  // of an error; a header_error is answered without the question
  dns::Header header{};
  WireName name{};  // as the client spelt it
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  std::optional<NamedEdns> edns{};
};

NamedQuery read_named_query(dns::ByteView message, bool tcp);

}  // namespace hanglab::servers
