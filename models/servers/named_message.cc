#include "models/servers/named_message.hh"

#include <array>
#include <limits>

#include "core/big_endian.hh"

namespace hanglab::servers {

namespace {

void append_u16(dns::Bytes& bytes, std::size_t value) {
  bytes.push_back(static_cast<std::uint8_t>(value >> 8));
  bytes.push_back(static_cast<std::uint8_t>(value));
}

void append(dns::Bytes& bytes, dns::ByteView more) { bytes.insert(bytes.end(), more.begin(), more.end()); }

class Writing {
 public:
  Writing(dns::Bytes& bytes, const WireName& question, std::size_t limit) : bytes_(bytes), limit_(limit) {
    names_.remember(question, dns::header_size);
  }

  // False: not all fits; the set is then there `in_part`, or not at all.
  bool add(const NamedSet& set, bool in_part, std::size_t& count) {
    const std::size_t begin = bytes_.size();
    std::size_t written = 0;
    dns::Bytes owner;
    for (const Rdata* rdata : set.records) {
      const std::size_t at = bytes_.size();
      append(bytes_, owner.empty() ? names_.compress(set.owner, at) : owner);
      owner = owner_again(begin);
      append_record(set, *rdata);
      if (bytes_.size() > limit_) {
        bytes_.resize(in_part ? at : begin);
        count += in_part ? written : 0;
        return false;
      }
      ++written;
    }
    count += written;
    return true;
  }

 private:
  // After its first record a set's owner is a pointer to where it stands there.
  dns::Bytes owner_again(std::size_t begin) const {
    if ((bytes_[begin] & 0xc0) == 0xc0) return {bytes_[begin], bytes_[begin + 1]};
    if (begin > 0x3fff) return {};
    return {static_cast<std::uint8_t>(0xc0 | begin >> 8), static_cast<std::uint8_t>(begin)};
  }

  void append_record(const NamedSet& set, const Rdata& rdata) {
    append_u16(bytes_, set.type);
    append_u16(bytes_, 1);
    append_u16(bytes_, set.ttl >> 16);
    append_u16(bytes_, set.ttl & 0xffff);
    const std::size_t length_at = bytes_.size();
    append_u16(bytes_, 0);
    append(bytes_, rdata.before);
    for (const WireName& name : rdata.names) append_name(name, may_compress(set.type));
    append(bytes_, rdata.after);
    set_u16(bytes_, length_at, bytes_.size() - length_at - 2);
  }

  void append_name(const WireName& name, bool compress) {
    if (compress) return append(bytes_, names_.compress(name, bytes_.size()));
    names_.remember(name, bytes_.size());
    bytes_.insert(bytes_.end(), name.begin(), name.end());
  }

  dns::Bytes& bytes_;
  std::size_t limit_;
  NameTable names_{CompressionRules{.case_counts = true, .depth = 2}};
};

dns::Bytes head_of(const NamedQuery& query, unsigned flags, bool has_question) {
  constexpr unsigned opcode_bits = 0x7800;
  flags |= dns::flag_qr | (query.header.flags & opcode_bits);
  if ((query.header.flags & opcode_bits) == 0) flags |= query.header.flags & (dns::flag_rd | dns::flag_cd);
  dns::Writer writer;
  writer.header({.id = query.header.id,
                 .flags = static_cast<std::uint16_t>(flags),
                 .questions = static_cast<std::uint16_t>(has_question ? 1 : 0)});
  if (has_question) {
    writer.raw({reinterpret_cast<const std::uint8_t*>(query.name.data()), query.name.size()});
    writer.u16(query.type);
    writer.u16(query.klass);
  }
  return writer.take();
}

}  // namespace

Answer NamedMessage::write(const NamedQuery& query, std::size_t limit) const {
  Answer answer{.message = head_of(query, flags, has_question)};
  dns::Bytes& bytes = answer.message;
  const std::size_t question_end = bytes.size();
  const std::size_t reserved = opt ? opt->size() : 0;
  std::array<std::size_t, 3> counts{};
  Writing writing(bytes, query.name, limit - reserved);
  bool fits = true;
  for (const NamedSet& set : answers) fits = fits && writing.add(set, !opt, counts[0]);
  for (const NamedSet& set : authorities) fits = fits && writing.add(set, !opt, counts[1]);
  bool all = fits;
  for (const NamedSet& set : additionals) all = all && writing.add(set, false, counts[2]);
  if (!fits) {
    answer.full_size = write(query, std::numeric_limits<std::size_t>::max()).message.size();
    bytes[2] |= dns::flag_tc >> 8;
    if (opt) {
      bytes.resize(question_end);
      counts = {};
    }
  }
  if (opt) {
    append(bytes, *opt);
    ++counts[2];
  }
  for (std::size_t i = 0; i < counts.size(); ++i) set_u16(bytes, 6 + 2 * i, counts[i]);
  return answer;
}

}  // namespace hanglab::servers
