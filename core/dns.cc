#include "core/dns.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "core/big_endian.hh"
#include "core/error.hh"

namespace hanglab::dns {

namespace {

constexpr std::size_t longest_label = 63;  // RFC 1035 2.3.4
constexpr std::size_t longest_name = 255;  // in octets on the wire, the root label included
// A name of 255 octets has at most 127 labels; whoever follows more pointers than that runs in a circle.
constexpr int most_pointers = 127;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_plain(std::uint8_t octet) { return octet > 0x20 && octet < 0x7f && octet != '.' && octet != '\\'; }

// A name as it is written (RFC 1035 5.1): labels with dots between them.
class NameText {
 public:
  void append_label(ByteView label) {
    if (size_ > 0) put('.');
    if (!std::ranges::all_of(label, is_plain)) {
      for (const auto octet : label) put_escaped(octet);
      return;
    }
    std::ranges::copy(label, text_.begin() + static_cast<std::ptrdiff_t>(size_));
    size_ += label.size();
  }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  void put(int c) { text_[size_++] = static_cast<char>(c); }

  // A dot or backslash inside a label is escaped, an unprintable octet is \DDD.
  void put_escaped(std::uint8_t octet) {
    if (is_plain(octet)) return put(octet);
    put('\\');
    if (octet == '.' || octet == '\\') return put(octet);
    for (const int place : {100, 10, 1}) put('0' + octet / place % 10);
  }

  std::array<char, 4 * longest_name> text_;  // each octet takes up to four characters
  std::size_t size_ = 0;
};

// A position in a message that never passes its end: the first read that would, fails, and so does
// every read after it.
class Cursor {
 public:
  explicit Cursor(ByteView message) : message_(message) {}

  bool failed() const { return failed_; }

  std::uint8_t u8() {
    const auto bytes = take(1);
    return failed_ ? std::uint8_t{0} : bytes[0];
  }

  std::uint16_t u16() {
    const auto bytes = take(2);
    return failed_ ? std::uint16_t{0} : get_u16(bytes);
  }

  std::uint32_t u32() {
    const std::uint32_t high = u16();
    return high << 16 | u16();
  }

  ByteView take(std::size_t count) {
    if (failed_ || count > message_.size() - at_) {
      failed_ = true;
      return {};
    }
    const auto bytes = message_.subspan(at_, count);
    at_ += count;
    return bytes;
  }

  std::string name() {
    std::string text;
    name(text);
    return text;
  }

  // In place of what `written` was.
  void name(std::string& written) {
    NameText text;
    std::size_t octets = 1;          // the root label
    std::size_t after_the_name = 0;  // set by the first pointer
    for (int pointers = 0; !failed_;) {
      const std::uint8_t length = u8();
      if (failed_ || length == 0) break;
      if ((length & 0xc0) == 0xc0) {
        const std::size_t target = static_cast<std::size_t>(length & 0x3f) << 8 | u8();
        if (pointers == 0) after_the_name = at_;
        if (++pointers > most_pointers || target >= message_.size()) failed_ = true;
        if (!failed_) at_ = target;
        continue;
      }
      octets += 1u + length;
      // 0x40 and 0x80 were never put to use (RFC 6891 5).
      if ((length & 0xc0) != 0 || octets > longest_name) failed_ = true;
      text.append_label(take(length));
    }
    if (after_the_name != 0) at_ = after_the_name;
    written = text.text();
  }

  Header header() {
    const auto bytes = take(header_size);
    if (failed_) return {};
    return {.id = get_u16(bytes, 0),
            .flags = get_u16(bytes, 2),
            .questions = get_u16(bytes, 4),
            .answers = get_u16(bytes, 6),
            .authorities = get_u16(bytes, 8),
            .additionals = get_u16(bytes, 10)};
  }

  void question(Question& into) {
    name(into.name);
    into.type = u16();
    into.klass = u16();
  }

  Record record() {
    return {.name = name(), .type = u16(), .klass = u16(), .ttl = u32(), .rdata = take(u16())};
  }

  void records(std::uint16_t count, std::vector<Record>& into) {
    for (unsigned i = 0; i < count && !failed_; ++i) into.push_back(record());
  }

 private:
  ByteView message_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

// One octet of a label as it is written, and how many characters wrote it.
std::pair<std::uint8_t, std::size_t> read_octet(std::string_view text) {
  if (text[0] != '\\' || text.size() < 2) return {static_cast<std::uint8_t>(text[0]), 1};
  if (text.size() >= 4 && std::all_of(text.begin() + 1, text.begin() + 4, is_digit)) {
    const int value = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    if (value <= 255) return {static_cast<std::uint8_t>(value), 4};
  }
  return {static_cast<std::uint8_t>(text[1]), 2};
}

char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool Record::operator==(const Record& other) const {
  return name == other.name && type == other.type && klass == other.klass && ttl == other.ttl &&
         std::ranges::equal(rdata, other.rdata);
}

const Record* Message::opt() const {
  const auto found = std::ranges::find(additionals, type_opt, &Record::type);
  return found == additionals.end() ? nullptr : &*found;
}

std::optional<Header> decode_header(ByteView message) {
  Cursor cursor(message);
  const auto header = cursor.header();
  if (cursor.failed()) return {};
  return header;
}

std::optional<Question> decode_question(ByteView message) {
  Question question;
  if (!decode_question(message, question)) return {};
  return question;
}

bool decode_question(ByteView message, Question& into) {
  Cursor cursor(message);
  if (cursor.header().questions == 0) return false;
  cursor.question(into);
  return !cursor.failed();
}

std::optional<Message> decode(ByteView bytes) {
  Cursor cursor(bytes);
  Message message;
  message.header = cursor.header();
  for (unsigned i = 0; i < message.header.questions && !cursor.failed(); ++i)
    cursor.question(message.questions.emplace_back());
  cursor.records(message.header.answers, message.answers);
  cursor.records(message.header.authorities, message.authorities);
  cursor.records(message.header.additionals, message.additionals);
  if (cursor.failed()) return {};
  return message;
}

std::optional<IpAddress> address_of(const Record& record) {
  const ByteView data = record.rdata;
  if (record.type == type_a && data.size() == 4) return Ipv4Address{get_u32(data)};
  if (record.type != type_aaaa || data.size() != 16) return {};
  Ipv6Address address;
  std::ranges::copy(data, address.bytes.begin());
  return address;
}

std::string_view rcode_name(Rcode rcode) {
  switch (rcode) {
    case noerror: return "NOERROR";
    case formerr: return "FORMERR";
    case servfail: return "SERVFAIL";
    case nxdomain: return "NXDOMAIN";
    case notimp: return "NOTIMP";
    case refused: return "REFUSED";
  }
  return "RCODE";
}

std::string type_name(std::uint16_t type) {
  switch (type) {
    case type_a: return "A";
    case type_cname: return "CNAME";
    case type_ptr: return "PTR";
    case type_aaaa: return "AAAA";
    case type_opt: return "OPT";
    default: return "TYPE" + std::to_string(type);  // RFC 3597 5
  }
}

bool same_name(std::string_view a, std::string_view b) {
  return a == b || std::ranges::equal(a, b, {}, to_lower, to_lower);
}

void Writer::header(const Header& header) {
  u16(header.id);
  u16(header.flags);
  u16(header.questions);
  u16(header.answers);
  u16(header.authorities);
  u16(header.additionals);
}

void Writer::name(std::string_view name) {
  const auto refuse = [name](const char* why) {
    throw Error("'" + std::string(name) + "' is no domain name: " + why);
  };
  const std::size_t start = size();
  if (name == ".") name = {};
  while (!name.empty()) {
    const std::size_t length_at = size();
    u8(0);
    while (!name.empty() && name[0] != '.') {
      const auto [octet, characters] = read_octet(name);
      u8(octet);
      name.remove_prefix(characters);
    }
    const std::size_t length = size() - length_at - 1;
    if (length == 0) refuse("a label is empty");
    if (length > longest_label) refuse("a label exceeds 63 octets");
    bytes_[length_at] = static_cast<std::uint8_t>(length);
    if (!name.empty()) name.remove_prefix(1);
  }
  u8(0);
  if (size() - start > longest_name) refuse("it exceeds 255 octets");
}

void Writer::pointer(std::size_t offset) {
  if (offset > 0x3fff) throw Error("a DNS name cannot point to offset " + std::to_string(offset));
  u16(static_cast<std::uint16_t>(0xc000 | offset));
}

void Writer::question(const Question& question) {
  name(question.name);
  u16(question.type);
  u16(question.klass);
}

void Writer::u8(std::uint8_t value) { bytes_.push_back(value); }

void Writer::u16(std::uint16_t value) {
  u8(static_cast<std::uint8_t>(value >> 8));
  u8(static_cast<std::uint8_t>(value));
}

void Writer::u32(std::uint32_t value) {
  u16(static_cast<std::uint16_t>(value >> 16));
  u16(static_cast<std::uint16_t>(value));
}

void Writer::raw(ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

void Writer::record(std::uint16_t type, std::uint32_t ttl, ByteView rdata) {
  u16(type);
  u16(1);
  u32(ttl);
  u16(static_cast<std::uint16_t>(rdata.size()));
  raw(rdata);
}

void Writer::opt(std::uint16_t udp_payload_size, std::uint32_t extended_flags) {
  u8(0);
  u16(type_opt);
  u16(udp_payload_size);
  u32(extended_flags);
  u16(0);
}

Bytes encode_query(std::uint16_t id, const Question& question,
                   std::optional<std::uint16_t> edns_payload_size) {
  Writer writer(64);
  writer.header({.id = id,
                 .flags = flag_rd,
                 .questions = 1,
                 .additionals = static_cast<std::uint16_t>(edns_payload_size ? 1 : 0)});
  writer.question(question);
  if (edns_payload_size) writer.opt(*edns_payload_size);
  return writer.take();
}

Bytes framed(ByteView message) {
  Bytes out;
  out.reserve(message.size() + 2);
  out.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  out.push_back(static_cast<std::uint8_t>(message.size()));
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

}  // namespace hanglab::dns
