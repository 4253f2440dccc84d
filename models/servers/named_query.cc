#include "models/servers/named_query.hh"

#include <algorithm>

#include "models/servers/record_text.hh"

namespace hanglab::servers {

namespace {

using Kind = NamedQuery::Kind;

constexpr unsigned opcode_notify = 4;
constexpr unsigned opcode_update = 5;
constexpr std::uint16_t option_subnet = 8;
constexpr std::uint16_t option_cookie = 10;
constexpr std::uint16_t option_keepalive = 11;
constexpr std::size_t client_cookie_size = 8;
constexpr std::size_t subnet_head = 4;  // family, two prefix lengths
constexpr std::size_t record_head = 10;

constexpr std::uint16_t type_mailb = 253;
constexpr std::uint16_t type_maila = 254;
constexpr std::uint16_t class_none = 254;
constexpr std::uint16_t class_any = 255;

std::uint16_t u16(dns::ByteView bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

bool skip_name(dns::ByteView message, std::size_t& at) {
  while (at < message.size()) {
    const std::uint8_t length = message[at++];
    if ((length & 0xc0) == 0xc0) return ++at <= message.size();
    if (length == 0) return true;
    if ((length & 0xc0) != 0) return false;
    at += length;
  }
  return false;
}

enum class OptionsAre { good, bad, broken };

OptionsAre read_options(dns::ByteView options, NamedEdns& edns) {
  auto are = OptionsAre::good;
  while (!options.empty()) {
    if (options.size() < 4 || options.size() - 4 < u16(options, 2)) return OptionsAre::broken;
    const auto data = options.subspan(4, u16(options, 2));
    const std::uint16_t code = u16(options, 0);
    options = options.subspan(4 + data.size());
    if (code == option_cookie) {
      if (data.size() != client_cookie_size && (data.size() < 16 || data.size() > 40)) are = OptionsAre::bad;
      if (are == OptionsAre::good && !edns.client_cookie)
        edns.client_cookie = dns::Bytes(data.begin(), data.begin() + client_cookie_size);
    } else if (code == option_subnet) {
      if (data.size() < subnet_head) return OptionsAre::broken;
      edns.client_subnet = dns::Bytes(data.begin(), data.end());
    } else if (code == option_keepalive) {
      edns.asks_for_keepalive = true;
    }
  }
  return are;
}

// The sections behind the question. Nothing: they cannot be read.
std::optional<OptionsAre> read_records(dns::ByteView message, std::size_t at, NamedQuery& query) {
  auto are = OptionsAre::good;
  const int others = query.header.answers + query.header.authorities;
  for (int i = 0; i < others + query.header.additionals; ++i) {
    const std::size_t begin = at;
    if (!skip_name(message, at) || message.size() < at + record_head) return {};
    const std::size_t size = u16(message, at + 8);
    if (message.size() - at - record_head < size) return {};
    if (i >= others && u16(message, at) == dns::type_opt) {
      if (query.edns || message[begin] != 0) return {};
      query.edns = {.udp_payload_size = u16(message, at + 2),
                    .version = message[at + 5],
                    .dnssec_ok = (message[at + 6] & 0x80) != 0};
      are = read_options(message.subspan(at + record_head, size), *query.edns);
      if (are == OptionsAre::broken) {
        query.edns.reset();
        return {};
      }
    }
    at += record_head + size;
  }
  return are;
}

// Types that no question can have, or none over this transport.
std::optional<dns::Rcode> refused_by_type(std::uint16_t type, bool tcp) {
  if (type == type_axfr || type == type_ixfr) return tcp ? dns::refused : dns::formerr;
  if (type == type_mailb || type == type_maila) return dns::notimp;
  if (type == dns::type_opt || (type >= 128 && type < type_ixfr)) return dns::formerr;
  return {};
}

}  // namespace

NamedQuery read_named_query(dns::ByteView message, bool tcp) {
  NamedQuery query;
  const auto header = dns::decode_header(message);
  if (!header || header->response()) return query;
  query.header = *header;
  const auto error = [&query](Kind kind, dns::Rcode rcode) {
    query.kind = kind;
    query.rcode = rcode;
    return query;
  };
  std::size_t at = dns::header_size;
  auto name = header->questions == 1 ? read_wire_name(message, at) : std::nullopt;
  if (!name || message.size() - at < 4) return error(Kind::header_error, dns::formerr);
  query.name = std::move(*name);
  query.type = u16(message, at);
  query.klass = u16(message, at + 2);
  const auto options = read_records(message, at + 4, query);
  if (!options) return error(Kind::error, dns::formerr);
  const unsigned opcode = header->flags >> 11 & 15;
  if (opcode == opcode_notify || opcode == opcode_update) return error(Kind::error, dns::formerr);
  if (opcode != 0) return error(Kind::header_error, dns::notimp);
  if (*options == OptionsAre::bad || query.klass == class_none || query.klass == class_any)
    return error(Kind::error, dns::formerr);
  if (const auto rcode = refused_by_type(query.type, tcp)) return error(Kind::error, *rcode);
  query.kind = Kind::question;
  return query;
}

}  // namespace hanglab::servers
