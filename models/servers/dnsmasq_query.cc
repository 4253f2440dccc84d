#include "models/servers/dnsmasq_query.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "core/big_endian.hh"

namespace hanglab::servers {

namespace {

constexpr std::uint16_t class_in = 1;
constexpr std::uint16_t type_tkey = 249;
constexpr std::size_t longest_name = 1024;
constexpr int most_pointers = 255;
constexpr std::size_t longest_arpa_name = 75;
// Stands before a dot, NUL or itself inside a label, so that no label looks like two.
constexpr char escape = 1;

// Positions in a message; every one of these returns 0 where the message ends too soon.
class Reader {
 public:
  explicit Reader(dns::ByteView message) : message_(message) {}

  std::uint16_t u16(std::size_t at) const {
    return static_cast<std::uint16_t>(message_[at] << 8 | message_[at + 1]);
  }

  // Past the name at `at`, of which `extra` more octets must be there.
  std::size_t skip_name(std::size_t at, std::size_t extra) const {
    while (has(at, 1)) {
      const std::uint8_t length = message_[at++];
      if ((length & 0xc0) == 0xc0) return has(at, 1 + extra) ? at + 1 : 0;
      if ((length & 0xc0) != 0) return 0;  // left out: bit strings (RFC 2673), long withdrawn
      if (length == 0) return has(at, extra) ? at : 0;
      at += length;
    }
    return 0;
  }

  std::size_t skip_record(std::size_t at) const {
    at = skip_name(at, 10);
    if (at == 0) return 0;
    const std::size_t end = at + 10 + u16(at + 8);
    return end <= message_.size() ? end : 0;
  }

  // As skip_name(), following pointers and keeping what it reads.
  std::size_t read_name(std::size_t at, std::size_t extra, std::string& name) const {
    name.clear();
    std::size_t after = 0;  // the first pointer
    std::size_t octets = 0;
    for (int pointers = 0; has(at, 1);) {
      const std::uint8_t length = message_[at++];
      if (length == 0) {
        if (after == 0) after = at;
        return has(after, extra) ? after : 0;
      }
      if ((length & 0xc0) == 0xc0) {
        if (!has(at, 1) || ++pointers > most_pointers) return 0;
        if (after == 0) after = at + 1;
        at = static_cast<std::size_t>(length & 0x3f) << 8 | message_[at];
        continue;
      }
      octets += length + 1u;
      if ((length & 0xc0) != 0 || octets > longest_name || !has(at, length)) return 0;
      if (!name.empty()) name += '.';
      for (const auto octet : message_.subspan(at, length)) append(name, octet);
      at += length;
    }
    return 0;
  }

 private:
  bool has(std::size_t at, std::size_t count) const { return at + count <= message_.size(); }

  static void append(std::string& name, std::uint8_t octet) {
    const char c = static_cast<char>(octet);
    if (c == '\0' || c == '.' || c == escape) {
      name += escape;
      name += static_cast<char>(c + 1);
    } else {
      name += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }

  dns::ByteView message_;
};

// The last OPT record, provided that everything in the additional section can be read.
std::optional<Edns> find_edns(const Reader& reader, const DnsmasqQuery& query) {
  std::size_t at = query.questions_end;
  if (at == 0) return {};
  for (int i = 0; i < query.header.answers + query.header.authorities; ++i)
    if ((at = reader.skip_record(at)) == 0) return {};
  std::optional<Edns> edns;
  for (int i = 0; i < query.header.additionals; ++i) {
    const std::size_t fixed = reader.skip_name(at, 10);
    if ((at = reader.skip_record(at)) == 0) return {};
    if (reader.u16(fixed) == dns::type_opt)
      edns = {.udp_payload_size = reader.u16(fixed + 2), .dnssec_ok = (reader.u16(fixed + 6) & 0x8000) != 0};
  }
  return edns;
}

std::vector<std::string_view> labels_of(std::string_view name) {
  std::vector<std::string_view> labels;
  while (true) {
    const auto dot = name.find('.');
    labels.push_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    name.remove_prefix(dot + 1);
  }
}

bool all_digits(std::string_view label) {
  return std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
}

// Missing low octets are 0, and of too many labels the last ones count.
std::optional<IpAddress> v4_of(const std::vector<std::string_view>& labels) {
  std::array<std::uint8_t, 4> octets{};
  for (std::size_t i = 0; i + 2 < labels.size(); ++i) {
    if (!all_digits(labels[i])) return {};
    unsigned value = 0;
    std::from_chars(labels[i].data(), labels[i].data() + labels[i].size(), value);
    std::ranges::copy_backward(octets.begin(), octets.end() - 1, octets.end());
    octets[0] = static_cast<std::uint8_t>(value);
  }
  return Ipv4Address{get_u32(octets)};
}

std::optional<IpAddress> v6_of(const std::vector<std::string_view>& labels) {
  Ipv6Address address;
  auto& bytes = address.bytes;
  for (std::size_t i = 0; i + 2 < labels.size(); ++i) {
    unsigned nibble = 0;
    const auto* end = labels[i].data() + labels[i].size();
    if (labels[i].size() != 1 || std::from_chars(labels[i].data(), end, nibble, 16).ptr != end) return {};
    for (std::size_t j = bytes.size() - 1; j > 0; --j)
      bytes[j] = static_cast<std::uint8_t>(bytes[j] >> 4 | bytes[j - 1] << 4);
    bytes[0] = static_cast<std::uint8_t>(bytes[0] >> 4 | nibble << 4);
  }
  return address;
}

}  // namespace

std::optional<DnsmasqQuery> read_dnsmasq_query(dns::ByteView message) {
  const auto header = dns::decode_header(message);
  if (!header) return {};
  DnsmasqQuery query{.header = *header};
  const Reader reader(message);

  std::size_t skipped = dns::header_size;
  for (int i = 0; i < header->questions && skipped != 0; ++i) {
    skipped = reader.skip_name(skipped, 4);
    if (skipped != 0) skipped += 4;
  }
  query.questions_end = skipped;

  std::size_t at = dns::header_size;
  for (int i = 0; i < header->questions && at != 0; ++i) {
    at = reader.read_name(at, 4, query.name);
    if (at == 0) break;
    query.type = reader.u16(at);
    query.klass = reader.u16(at + 2);
    query.asks_for_key = query.asks_for_key || (query.type == type_tkey && query.klass == class_in);
    at += 4;
  }
  query.names_readable = at != 0;

  query.standard = (header->flags & 0x7800) == 0;
  query.answered = header->answers != 0 || header->authorities != 0;
  query.named = query.standard && header->questions == 1 && query.names_readable;
  if (!query.named) query.name.clear();
  query.asks_for_key = query.asks_for_key && query.standard;
  query.edns = find_edns(reader, query);
  return query;
}

std::optional<PlacedName> read_dnsmasq_name(dns::ByteView message, std::size_t at) {
  PlacedName placed;
  placed.end = Reader(message).read_name(at, 0, placed.name);
  if (placed.end == 0) return {};
  return placed;
}

std::optional<IpAddress> address_of_arpa(std::string_view name) {
  if (name.size() > longest_arpa_name) return {};
  const auto labels = labels_of(name);
  if (labels.size() < 3) return {};
  const auto last = labels.back();
  const auto before = labels[labels.size() - 2];
  if (before == "in-addr" && last == "arpa") return v4_of(labels);
  if (before == "ip6" && (last == "arpa" || last == "int")) return v6_of(labels);
  return {};
}

}  // namespace hanglab::servers
