// What dnsmasq sees in a message that reaches it: how far the questions go, the first name, the EDNS
// record. It is laxer than core's decoder (names up to 1024 octets, pointers anywhere) and stricter
// (exactly one question), and what it can still read of a broken message decides between silence and
// REFUSED. Source: dnsmasq 2.90, skip_questions(), extract_name(), extract_request() and
// in_arpa_name_2_addr() in src/rfc1035.c, find_pseudoheader() in src/edns0.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/address.hh"
#include "core/dns.hh"

namespace hanglab::servers {

struct Edns {
  std::uint16_t udp_payload_size = 0;
  bool dnssec_ok = false;
};

struct DnsmasqQuery {
  dns::Header header;
  std::size_t questions_end = 0;  // 0: the questions cannot even be skipped
  bool names_readable = false;    // of every question
  bool standard = false;          // opcode QUERY
  bool answered = false;          // it brings answers or authorities along, as no query should
  bool named = false;             // a standard query with exactly one question, of a readable name
  std::string name{};             // that name in lower case, else empty; a dot within a label is marked
  std::uint16_t type = 0;
  std::uint16_t klass = 0;
  bool asks_for_key = false;  // some question is TKEY: such an answer gets no EDNS record
  std::optional<Edns> edns{};
};

// Nothing where the message is shorter than a header.
std::optional<DnsmasqQuery> read_dnsmasq_query(dns::ByteView message);

// A name within a message, in lower case as above, and where it ends. Nothing: it cannot be read.
struct PlacedName {
  std::string name;
  std::size_t end = 0;
};
std::optional<PlacedName> read_dnsmasq_name(dns::ByteView message, std::size_t at);

// The address whose PTR name this is: "3.9.0.10.in-addr.arpa", or nibbles under ip6.arpa.
std::optional<IpAddress> address_of_arpa(std::string_view name);

}  // namespace hanglab::servers
