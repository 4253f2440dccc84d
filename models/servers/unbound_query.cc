#include "models/servers/unbound_query.hh"

#include <algorithm>

#include "models/servers/record_text.hh"

namespace hanglab::servers {

namespace {

using Kind = UnboundQuery::Kind;

constexpr unsigned opcode_notify = 4;
constexpr std::uint16_t option_keepalive = 11;
constexpr std::size_t opt_head = 10;  // behind its name: type, class, TTL, length

// Types that cannot be asked for: OPT, and the rest of what RFC 6895 3.1 reserves for questions and meta
// data, without ANY.
bool is_meta(std::uint16_t type) {
  constexpr std::uint16_t tkey = 249;
  constexpr std::uint16_t tsig = 250;
  constexpr std::uint16_t mailb = 253;
  constexpr std::uint16_t maila = 254;
  return type == dns::type_opt || type == tkey || type == tsig || type == mailb || type == maila ||
         (type >= 128 && type <= 248);
}

std::uint16_t u16(dns::ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// What the header alone decides.
std::optional<dns::Rcode> refused_by_header(const dns::Header& header) {
  const unsigned opcode = header.flags >> 11 & 15;
  if (header.truncated()) return dns::formerr;
  if (opcode != 0 && opcode != opcode_notify) return dns::notimp;
  const bool notifies = opcode == opcode_notify && header.answers == 1;
  if (header.questions != 1 || (header.answers != 0 && !notifies) || header.authorities != 0 ||
      header.additionals > 1)
    return dns::formerr;
  return {};
}

void read_options(dns::ByteView options, UnboundEdns& edns) {
  while (options.size() >= 4) {
    const std::size_t size = u16(options, 2);
    if (size > options.size() - 4) return;
    if (u16(options, 0) == option_keepalive && !edns.asks_for_keepalive) {
      edns.asks_for_keepalive = true;
      edns.bad_keepalive = size != 0;
    }
    options = options.subspan(4 + size);
  }
}

// False: what stands behind the question is no EDNS record.
bool read_edns(dns::ByteView rest, UnboundQuery& query) {
  if (query.header.additionals == 0) return true;
  if (rest.size() < 1 + opt_head || rest[0] != 0 || u16(rest, 1) != dns::type_opt) return false;
  const std::size_t size = u16(rest, 9);
  if (rest.size() - 1 - opt_head < size) return false;
  query.edns = {.udp_payload_size = u16(rest, 3), .version = rest[6], .dnssec_ok = (rest[7] & 0x80) != 0};
  read_options(rest.subspan(1 + opt_head, size), *query.edns);
  return true;
}

}  // namespace

UnboundQuery read_unbound_query(dns::ByteView message, bool harden_large_queries) {
  UnboundQuery query;
  const auto header = dns::decode_header(message);
  if (!header || header->response()) return query;
  if (harden_large_queries && message.size() > dns::classic_udp_limit) return query;
  query.header = *header;
  const auto echo = [&query](dns::Rcode rcode) {
    query.kind = Kind::echo;
    query.rcode = rcode;
    return query;
  };
  if (const auto rcode = refused_by_header(*header)) return echo(*rcode);
  std::size_t at = dns::header_size;
  auto name = read_wire_name(message, at);
  if (!name || message.size() - at < 4) return echo(dns::formerr);
  query.name = std::move(*name);
  query.type = u16(message, at);
  query.klass = u16(message, at + 2);
  if (query.type == type_axfr || query.type == type_ixfr) return echo(dns::refused);
  if (is_meta(query.type)) return echo(dns::formerr);
  query.kind = Kind::question;
  if (!read_edns(message.subspan(at + 4), query)) query.rcode = dns::formerr;
  return query;
}

}  // namespace hanglab::servers
