#include "models/servers/dnsmasq_reply.hh"

#include <algorithm>
#include <utility>

#include "core/big_endian.hh"

namespace hanglab::servers {

namespace {

constexpr std::size_t rdlength_offset = 10;  // after a two-octet name, type, class and TTL
constexpr std::size_t rdata_offset = rdlength_offset + 2;
constexpr std::size_t opt_size = 11;
constexpr std::size_t option_head = 4;  // dnsmasq wants room for one, even if it adds none
constexpr std::uint16_t extended_error_code = 15;

std::size_t first_record_size(dns::ByteView records) {
  return rdlength_offset + 2 + (static_cast<std::size_t>(records[rdlength_offset]) << 8) +
         records[rdlength_offset + 1];
}

}  // namespace

Reply::Reply(dns::ByteView head, std::size_t limit)
    : bytes_(head.begin(), head.end()), limit_(limit), full_size_(head.size()) {}

void Reply::add(const HostRecords& records, std::size_t looks) {
  const dns::ByteView rotating(records.rotating);
  bytes_.reserve(std::min(limit_, bytes_.size() + rotating.size() + records.fixed.size() + opt_size));
  if (!rotating.empty()) {
    const std::size_t first = looks * records.record_size % rotating.size();
    add_block(rotating.subspan(first), records.record_size);
    add_block(rotating.first(first), records.record_size);
  }
  add_block(records.fixed, records.record_size);
}

void Reply::add_block(dns::ByteView block, std::size_t record_size) {
  full_size_ += block.size();
  while (!block.empty() && !truncated_) {
    const std::size_t size = record_size != 0 ? record_size : first_record_size(block);
    const std::size_t room = limit_ > bytes_.size() ? limit_ - bytes_.size() : 0;
    const std::size_t fitting = record_size != 0 ? std::min(room, block.size()) / size : room / size;
    const std::size_t taken = record_size != 0 ? fitting : std::min<std::size_t>(fitting, 1);
    truncated_ = taken == 0;
    bytes_.insert(bytes_.end(), block.begin(), block.begin() + static_cast<std::ptrdiff_t>(taken * size));
    answers_ += taken;
    block = block.subspan(taken * size);
  }
}

bool Reply::add_whole(dns::ByteView record) {
  full_size_ += record.size();
  truncated_ = truncated_ || bytes_.size() + record.size() > limit_;
  if (!truncated_) bytes_.insert(bytes_.end(), record.begin(), record.end());
  return !truncated_;
}

void Reply::add_record(std::uint16_t type, std::uint32_t ttl, dns::ByteView rdata) {
  dns::Writer record(rdata_offset + rdata.size());
  record.pointer(owner_offset_);
  record.record(type, ttl, rdata);
  if (add_whole(record.take())) ++answers_;
}

void Reply::add_alias(std::uint32_t ttl, const std::string& target) {
  dns::Writer name;
  name.name(target);
  const std::size_t target_offset = bytes_.size() + rdata_offset;
  add_record(dns::type_cname, ttl, name.take());
  owner_offset_ = target_offset;
}

void Reply::add_authority(const std::string& owner, std::uint16_t type, std::uint32_t ttl,
                          dns::ByteView rdata) {
  dns::Writer record;
  record.name(owner);
  record.record(type, ttl, rdata);
  if (add_whole(record.take())) ++authorities_;
}

bool Reply::add_edns(const EdnsReply& edns) {
  const std::size_t option = edns.extended_error ? 2 : 0;
  full_size_ += opt_size;
  if (bytes_.size() + opt_size + option_head + option > limit_) return false;
  dns::Writer opt(opt_size + option_head + option);
  opt.opt(edns.udp_payload_size, edns.dnssec_ok ? 0x8000 : 0);
  if (edns.extended_error) {
    opt.u16(extended_error_code);
    opt.u16(static_cast<std::uint16_t>(option));
    opt.u16(*edns.extended_error);
  }
  auto record = opt.take();
  set_u16(record, opt_size - 2, record.size() - opt_size);
  bytes_.insert(bytes_.end(), record.begin(), record.end());
  return true;
}

Answer Reply::finish(std::uint16_t flags, const std::optional<EdnsReply>& edns) {
  const bool has_edns = edns && add_edns(*edns);
  set_u16(bytes_, 2, truncated_ ? flags | dns::flag_tc : flags);
  set_u16(bytes_, 6, answers_);
  set_u16(bytes_, 8, authorities_);
  set_u16(bytes_, 10, has_edns ? 1 : 0);
  return {.message = std::move(bytes_), .full_size = truncated_ ? full_size_ : 0};
}

}  // namespace hanglab::servers
