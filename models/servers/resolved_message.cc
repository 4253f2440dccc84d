#include "models/servers/resolved_message.hh"

#include <algorithm>

#include "core/big_endian.hh"
#include "core/error.hh"

namespace hanglab::servers {

namespace {

// What resolved tells its clients that it takes: loopback's largest datagram, as it counts that.
constexpr std::uint16_t own_payload_size = 65494;  // ADVERTISE_DATAGRAM_SIZE_MAX
constexpr std::uint32_t dnssec_ok_flag = 0x8000;
constexpr std::size_t opt_size = 11;
constexpr std::uint16_t opcode_mask = 0x7800;

// Where in a type's data its names stand: octets before, names, octets after.
struct Layout {
  std::size_t before = 0;
  int names = 0;
};

Layout layout_of(std::uint16_t type) {
  switch (type) {
    case type_ns:
    case dns::type_cname:
    case dns::type_ptr: return {.names = 1};
    case type_mx: return {.before = 2, .names = 1};
    case type_soa: return {.names = 2};
    default: return {};
  }
}

// A name that may be compressed. Nothing: it cannot be read.
std::optional<WireName> expand(dns::ByteView message, std::size_t& at) {
  WireName name;
  std::size_t from = at;
  bool jumped = false;
  for (int jumps = 0; from < message.size();) {
    const std::size_t length = message[from];
    if ((length & 0xc0U) == 0xc0U) {
      if (from + 1 >= message.size() || ++jumps > 128) return {};
      if (!jumped) at = from + 2;
      jumped = true;
      from = get_u16(message, from) & 0x3fffU;
      continue;
    }
    if (length > 63 || from + 1 + length > message.size()) return {};
    name.append(message.begin() + static_cast<std::ptrdiff_t>(from),
                message.begin() + static_cast<std::ptrdiff_t>(from + 1 + length));
    from += 1 + length;
    if (length > 0) continue;
    if (!jumped) at = from;
    if (name.size() > 255) return {};
    return name;
  }
  return {};
}

std::optional<Rdata> read_rdata(dns::ByteView message, const dns::Record& record) {
  Rdata rdata;
  const auto layout = layout_of(record.type);
  std::size_t at = static_cast<std::size_t>(record.rdata.data() - message.data());
  const std::size_t end = at + record.rdata.size();
  if (layout.before > record.rdata.size()) return {};
  const auto octets = [&](std::size_t from, std::size_t to) {
    return dns::Bytes(message.begin() + static_cast<std::ptrdiff_t>(from),
                      message.begin() + static_cast<std::ptrdiff_t>(to));
  };
  rdata.before = octets(at, at + layout.before);
  at += layout.before;
  for (int i = 0; i < layout.names; ++i) {
    auto name = expand(message, at);
    if (!name || at > end) return {};
    rdata.names.push_back(std::move(*name));
  }
  rdata.after = octets(at, end);
  return rdata;
}

bool read_section(dns::ByteView message, const std::vector<dns::Record>& from,
                  std::vector<ResolvedRecord>& to) {
  to.reserve(from.size());
  for (const auto& record : from) {
    if (record.type == dns::type_opt) continue;
    auto rdata = read_rdata(message, record);
    if (!rdata) return false;
    to.push_back({.owner = wire_name(record.name),
                  .type = record.type,
                  .klass = record.klass,
                  .ttl = record.ttl,
                  .rdata = std::move(*rdata)});
  }
  return true;
}

ResolvedKey key_of(const dns::Question& question) {
  return {.name = lower_case(wire_name(question.name)), .type = question.type, .klass = question.klass};
}

void append(dns::Bytes& to, const dns::Bytes& bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

// A message that grows to its limit.
class Draft {
 public:
  explicit Draft(const StubQuery& query) : limit_(query.limit) {
    bytes_.resize(dns::header_size);
    names_.remember(query.name, bytes_.size());
    bytes_.insert(bytes_.end(), query.name.begin(), query.name.end());
    put_u16(query.key.type);
    put_u16(query.key.klass);
  }

  // How many of them fit.
  std::size_t add(const std::vector<ResolvedRecord>& records) {
    std::size_t added = 0;
    for (const auto& record : records) {
      const NameTable before = names_;
      const std::size_t size = bytes_.size();
      put(record);
      if (bytes_.size() > limit_) {
        bytes_.resize(size);
        names_ = before;
        full_ = true;
      }
      if (full_) break;
      ++added;
    }
    return added;
  }

  bool add_opt(bool dnssec_ok) {
    if (bytes_.size() + opt_size > limit_) return false;
    dns::Writer opt;
    opt.opt(own_payload_size, dnssec_ok ? dnssec_ok_flag : 0);
    append(bytes_, opt.take());
    return true;
  }

  dns::Bytes take(const dns::Header& header) {
    dns::Writer head;
    head.header(header);
    std::ranges::copy(head.take(), bytes_.begin());
    return std::move(bytes_);
  }

 private:
  void put_u16(unsigned value) {
    bytes_.push_back(static_cast<std::uint8_t>(value >> 8U));
    bytes_.push_back(static_cast<std::uint8_t>(value & 0xffU));
  }

  void put(const ResolvedRecord& record) {
    append(bytes_, names_.compress(record.owner, bytes_.size()));
    put_u16(record.type);
    put_u16(record.klass);
    put_u16(record.ttl >> 16U);
    put_u16(record.ttl & 0xffffU);
    const std::size_t length_at = bytes_.size();
    put_u16(0);
    append(bytes_, record.rdata.before);
    for (const auto& name : record.rdata.names) append(bytes_, names_.compress(name, bytes_.size()));
    append(bytes_, record.rdata.after);
    set_u16(bytes_, length_at, static_cast<unsigned>(bytes_.size() - length_at - 2));
  }

  std::size_t limit_;
  bool full_ = false;
  dns::Bytes bytes_;
  NameTable names_{CompressionRules{}};
};

}  // namespace

std::optional<StubQuery> read_stub_query(dns::ByteView message, bool tcp) {
  const auto header = dns::decode_header(message);
  if (!header || header->response() || header->truncated() || (header->flags & opcode_mask) != 0 ||
      header->questions != 1 || header->answers != 0)
    return {};
  const auto read = dns::decode(message);
  if (!read) return {};
  StubQuery query{
      .header = *header, .name = wire_name(read->questions[0].name), .key = key_of(read->questions[0])};
  query.limit = tcp ? 65535 : dns::classic_udp_limit;
  if (const auto* opt = read->opt()) {
    query.edns = true;
    query.edns_version = static_cast<std::uint8_t>(opt->ttl >> 16U);
    query.dnssec_ok = (opt->ttl & dnssec_ok_flag) != 0;
    query.limit = std::max<std::size_t>(query.limit, opt->klass);
  }
  return query;
}

bool is_reply(dns::ByteView message) {
  const auto header = dns::decode_header(message);
  return header && header->response() && (header->flags & opcode_mask) == 0 && header->questions == 1;
}

std::optional<UpstreamAnswer> read_upstream_answer(dns::ByteView message) {
  const auto read = dns::decode(message);
  if (!read) return {};
  UpstreamAnswer answer;
  if (const auto* opt = read->opt()) {
    answer.has_opt = true;
    answer.dnssec_ok = (opt->ttl & dnssec_ok_flag) != 0;
  }
  if (read->questions.size() == 1) answer.question = key_of(read->questions[0]);
  auto& sections = answer.sections;
  if (!read_section(message, read->answers, sections.answers) ||
      !read_section(message, read->authorities, sections.authorities) ||
      !read_section(message, read->additionals, sections.additionals))
    return {};
  return answer;
}

dns::Bytes upstream_question(std::uint16_t id, const WireName& name, const ResolvedKey& key,
                             std::optional<std::uint16_t> edns_size) {
  dns::Writer writer;
  writer.header({.id = id,
                 .flags = dns::flag_rd,
                 .questions = 1,
                 .additionals = static_cast<std::uint16_t>(edns_size ? 1 : 0)});
  writer.raw(dns::ByteView(reinterpret_cast<const std::uint8_t*>(name.data()), name.size()));
  writer.u16(key.type);
  writer.u16(key.klass);
  if (edns_size) writer.opt(*edns_size);
  return writer.take();
}

Answer stub_reply(const StubQuery& query, const ResolvedSections& sections, dns::Rcode rcode,
                  const ReplyFlags& flags) {
  Draft draft(query);
  dns::Header header{.id = query.header.id, .questions = 1};
  const auto count = [](std::size_t number) { return static_cast<std::uint16_t>(number); };
  header.answers = count(draft.add(sections.answers));
  bool truncated = header.answers < sections.answers.size();
  if (!truncated) {
    header.authorities = count(draft.add(sections.authorities));
    if (header.authorities == sections.authorities.size())
      header.additionals = count(draft.add(sections.additionals));
  }
  if (query.edns) {
    if (draft.add_opt(flags.dnssec_ok))
      ++header.additionals;
    else
      truncated = true;
  }
  unsigned bits = dns::flag_qr | dns::flag_ra | (query.header.flags & dns::flag_rd) | rcode;
  if (truncated) bits |= dns::flag_tc;
  if (flags.authoritative) bits |= dns::flag_aa;
  const bool wants_ad = query.dnssec_ok || (query.header.flags & dns::flag_ad) != 0;
  if (flags.authenticated && wants_ad) bits |= dns::flag_ad;
  header.flags = static_cast<std::uint16_t>(bits);
  Answer answer{.message = draft.take(header)};
  if (truncated) {
    StubQuery whole = query;
    whole.limit = 65535;
    if (whole.limit > query.limit)
      answer.full_size = stub_reply(whole, sections, rcode, flags).message.size();
  }
  return answer;
}

}  // namespace hanglab::servers
