#include "models/servers/dnsmasq_relay.hh"

#include <algorithm>
#include <utility>

#include "core/big_endian.hh"

namespace hanglab::servers {

namespace {

constexpr std::size_t ttl_before_rdata = 6;         // and the length of the data
constexpr std::size_t opt_class_before_rdata = 8;   // and the extended flags
constexpr std::size_t opt_owner_before_rdata = 11;  // the whole fixed part

std::size_t place_of(dns::ByteView message, const dns::Record& record) {
  return static_cast<std::size_t>(record.rdata.data() - message.data());
}

void put_flags(dns::Bytes& message, unsigned flags) { set_u16(message, 2, flags); }

void drop_records(dns::Bytes& message, std::size_t questions_end, dns::ByteView edns) {
  dns::Bytes cut(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(questions_end));
  cut.insert(cut.end(), edns.begin(), edns.end());
  set_u16(cut, 6, 0);
  set_u16(cut, 8, 0);
  set_u16(cut, 10, edns.empty() ? 0 : 1);
  message = std::move(cut);
}

void limit_ttls(dns::Bytes& message, const dns::Message& read, std::uint32_t most) {
  for (const auto& record : read.answers) {
    if (record.ttl <= most) continue;
    const std::size_t at = place_of(message, record) - ttl_before_rdata;
    set_u16(message, at, most >> 16);
    set_u16(message, at + 2, most & 0xffff);
  }
}

}  // namespace

bool same_question(dns::ByteView question, dns::ByteView message) {
  const auto asked = dns::decode_question(question);
  const auto answered = dns::decode_question(message);
  return asked && answered && asked->type == answered->type && asked->klass == answered->klass &&
         dns::same_name(asked->name, answered->name);
}

std::optional<ForwardedEdns> find_forwarded_edns(dns::ByteView query) {
  const auto message = dns::decode(query);
  const auto* opt = message ? message->opt() : nullptr;
  if (opt == nullptr) return {};
  return ForwardedEdns{.size_at = place_of(query, *opt) - opt_class_before_rdata,
                       .has_options = !opt->rdata.empty()};
}

Relayed relay(const DnsmasqAnswers& answers, dns::ByteView query, dns::Bytes reply, Seconds now) {
  const auto& options = answers.options();
  const auto read = read_dnsmasq_query(reply);
  const auto message = dns::decode(reply);
  Relayed relayed;
  std::copy_n(query.begin(), 2, reply.begin());
  unsigned flags = (read->header.flags & ~(dns::flag_cd | dns::flag_ad)) | dns::flag_ra;
  flags |= get_u16(query, 2) & dns::flag_cd;

  dns::Bytes edns;
  if (const auto* opt = message ? message->opt() : nullptr) {
    const std::size_t rdata = place_of(reply, *opt);
    if (opt->klass > options.edns_packet_max)
      set_u16(reply, rdata - opt_class_before_rdata, options.edns_packet_max);
    const auto begin = reply.begin() + static_cast<std::ptrdiff_t>(rdata - opt_owner_before_rdata);
    edns.assign(begin, begin + static_cast<std::ptrdiff_t>(opt_owner_before_rdata + opt->rdata.size()));
  }
  const dns::Rcode rcode = read->header.rcode();
  if (!read->standard || (rcode != dns::noerror && rcode != dns::nxdomain)) {
    put_flags(reply, flags);
    return {.message = std::move(reply)};
  }
  if (read->header.truncated()) {
    drop_records(reply, read->questions_end, edns);
  } else if (!message) {
    drop_records(reply, read->questions_end, edns);
    flags = (flags & ~0x000fu) | dns::servfail;
  } else {
    if (options.max_ttl != 0) limit_ttls(reply, *message, options.max_ttl);
    if (rcode == dns::nxdomain && answers.knows(read->name)) flags = (flags & ~0x000fu) | dns::flag_aa;
    put_flags(reply, flags);
    if ((flags & dns::flag_cd) == 0) relayed.kept = DnsmasqCache::entries_of(reply, options, now);
  }
  put_flags(reply, flags);
  relayed.message = std::move(reply);
  return relayed;
}

}  // namespace hanglab::servers
