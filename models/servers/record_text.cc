#include "models/servers/record_text.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "core/address.hh"
#include "core/error.hh"

namespace hanglab::servers {

namespace {

template <class Integer>
Integer read_integer(const Word& word) {
  Integer value{};
  const char* end = word.text.data() + word.text.size();
  const auto [stop, error] = std::from_chars(word.text.data(), end, value);
  if (error != std::errc{} || stop != end)
    throw InputError(word.where, fmt::format("'{}' is no number from 0 to {}", word.text,
                                             std::numeric_limits<Integer>::max()));
  return value;
}

void put(dns::Bytes& bytes, std::uint32_t value, int octets) {
  while (octets-- > 0) bytes.push_back(static_cast<std::uint8_t>(value >> 8 * octets));
}

// The words of one record's data, one after the other.
class Data {
 public:
  Data(std::span<const Word> words, const Word& type, const WireName& origin)
      : words_(words), type_(type), origin_(origin) {}

  const Word& next() {
    if (words_.empty()) throw InputError(type_.where, fmt::format("{} lacks data", type_.text));
    const Word& word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }
  bool more() const { return !words_.empty(); }
  void end() const {
    if (more())
      throw InputError(words_.front().where,
                       fmt::format("'{}' is more than {} takes", words_.front().text, type_.text));
  }

  void name(Rdata& rdata) { rdata.names.push_back(read_name(next(), origin_)); }
  void u16(Rdata& rdata) { put(rdata.before, read_integer<std::uint16_t>(next()), 2); }
  void seconds(Rdata& rdata) {
    const Word& word = next();
    const auto ttl = read_ttl(word.text);
    if (!ttl) throw InputError(word.where, fmt::format("'{}' is no time in seconds", word.text));
    put(rdata.after, *ttl, 4);
  }

 private:
  std::span<const Word> words_;
  const Word& type_;
  const WireName& origin_;
};

void read_a(Data& data, Rdata& rdata) {
  const Word& word = data.next();
  const auto address = parse_ipv4(word.text);
  if (!address) throw InputError(word.where, fmt::format("'{}' is no IPv4 address", word.text));
  put(rdata.before, address->value, 4);
}

void read_aaaa(Data& data, Rdata& rdata) {
  const Word& word = data.next();
  const auto address = parse_ipv6(word.text);
  if (!address) throw InputError(word.where, fmt::format("'{}' is no IPv6 address", word.text));
  rdata.before.assign(address->bytes.begin(), address->bytes.end());
}

void read_name_alone(Data& data, Rdata& rdata) { data.name(rdata); }

void read_mx(Data& data, Rdata& rdata) {
  data.u16(rdata);
  data.name(rdata);
}

void read_srv(Data& data, Rdata& rdata) {
  for (int i = 0; i < 3; ++i) data.u16(rdata);
  data.name(rdata);
}

void read_soa(Data& data, Rdata& rdata) {
  data.name(rdata);
  data.name(rdata);
  put(rdata.after, read_integer<std::uint32_t>(data.next()), 4);
  for (int i = 0; i < 4; ++i) data.seconds(rdata);
}

void read_txt(Data& data, Rdata& rdata) {
  do {
    const Word& word = data.next();
    if (word.text.size() > 255) throw InputError(word.where, "a TXT string exceeds 255 octets");
    put(rdata.before, static_cast<std::uint32_t>(word.text.size()), 1);
    rdata.before.insert(rdata.before.end(), word.text.begin(), word.text.end());
  } while (data.more());
}

struct Type {
  std::string_view name;
  std::uint16_t number;
  void (*read)(Data&, Rdata&);
};

constexpr auto types = std::to_array<Type>({
    {"A", dns::type_a, read_a},
    {"AAAA", dns::type_aaaa, read_aaaa},
    {"CNAME", dns::type_cname, read_name_alone},
    {"MX", type_mx, read_mx},
    {"NS", type_ns, read_name_alone},
    {"PTR", dns::type_ptr, read_name_alone},
    {"SOA", type_soa, read_soa},
    {"SRV", type_srv, read_srv},
    {"TXT", type_txt, read_txt},
});

// Splits a text into words and entries, a character at a time.
class Splitter {
 public:
  explicit Splitter(const PlacedText& text) : text_(text) {}

  std::vector<RecordLine> split() {
    while (at_ < text_.text.size()) {
      const char c = text_.text[at_];
      if (c == '\n' && depth_ == 0) {
        end_line();
      } else if (c == '(' || c == ')') {
        depth_ += c == '(' ? 1 : -1;
        if (depth_ < 0) throw InputError(here(), "')' without '('");
      } else if (c == ';') {
        while (at_ + 1 < text_.text.size() && text_.text[at_ + 1] != '\n') ++at_;
      } else if (is_blank(c)) {
        if (at_line_start_) line_.indented = true;
      } else {
        word();
        continue;
      }
      at_line_start_ = c == '\n' && depth_ == 0;
      ++at_;
    }
    if (depth_ != 0) throw InputError(here(), "'(' is never closed");
    end_line();
    return std::move(lines_);
  }

 private:
  static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
  Location here() const { return place_in(text_, at_); }

  void word() {
    at_line_start_ = false;
    Word word{.text = {}, .where = here(), .quoted = text_.text[at_] == '"'};
    if (word.quoted) ++at_;
    while (true) {
      const bool over = at_ == text_.text.size();
      if (word.quoted && (over || text_.text[at_] == '\n'))
        throw InputError(word.where, "'\"' is never closed");
      if (over) break;
      const char c = text_.text[at_];
      if (word.quoted ? c == '"' : is_blank(c) || std::string_view("();\"").find(c) != std::string_view::npos)
        break;
      if (c == '\\' && at_ + 1 < text_.text.size()) {
        if (!word.quoted) word.text += c;  // the reader of names sees to it
        ++at_;
      }
      word.text += text_.text[at_++];
    }
    if (word.quoted) ++at_;
    line_.words.push_back(std::move(word));
  }

  void end_line() {
    if (!line_.words.empty()) lines_.push_back(std::move(line_));
    line_ = {};
  }

  const PlacedText& text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool at_line_start_ = true;
  RecordLine line_;
  std::vector<RecordLine> lines_;
};

std::string upper(std::string text) {
  for (char& c : text)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return text;
}

}  // namespace

Location place_in(const PlacedText& text, std::size_t offset) {
  const std::string_view before(text.text.data(), std::min(offset, text.text.size()));
  const auto last_line = before.rfind('\n');
  const auto in_line = before.size() - (last_line == std::string_view::npos ? 0 : last_line + 1);
  Location where = text.where;
  where.line += static_cast<int>(std::ranges::count(before, '\n'));
  where.column = std::max(where.column, 1) + static_cast<int>(in_line);
  return where;
}

std::vector<RecordLine> split_records(const PlacedText& text) { return Splitter(text).split(); }

std::size_t Rdata::size() const {
  std::size_t total = before.size() + after.size();
  for (const auto& name : names) total += name.size();
  return total;
}

WireName read_name(const Word& word, const WireName& origin) {
  if (word.text == "@" && !word.quoted) return origin;
  try {
    const bool absolute = word.text.ends_with('.') && !word.text.ends_with("\\.");
    WireName name = wire_name(word.text);
    if (absolute) return name;
    name.pop_back();
    return name + origin;
  } catch (const Error& error) {
    throw InputError(word.where, error.what());
  }
}

std::optional<std::uint32_t> read_ttl(std::string_view text) {
  std::uint64_t total = 0;
  if (text.empty()) return {};
  while (!text.empty()) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{}) return {};
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    std::uint64_t unit = 1;
    if (!text.empty()) {
      switch (text.front() | 0x20) {
        case 's': break;
        case 'm': unit = 60; break;
        case 'h': unit = 3600; break;
        case 'd': unit = 86400; break;
        case 'w': unit = 604800; break;
        default: return {};
      }
      text.remove_prefix(1);
    }
    total += value * unit;
  }
  if (total > std::numeric_limits<std::int32_t>::max()) return {};  // RFC 2181 8
  return static_cast<std::uint32_t>(total);
}

TextRecord read_record(const WireName& owner, std::span<const Word> words, const Word& first,
                       const RecordRules& rules) {
  std::optional<std::uint32_t> ttl;
  bool has_class = false;
  const Word* type = nullptr;
  while (!type) {
    if (words.empty()) throw InputError(first.where, "the record lacks its type");
    const Word& word = words.front();
    words = words.subspan(1);
    const auto number = read_ttl(word.text);
    if (number && !ttl && (!has_class || rules.class_first)) {
      ttl = number;
    } else if (upper(word.text) == "IN" && !has_class) {
      has_class = true;
    } else {
      type = &word;
    }
  }
  const auto known = std::ranges::find(types, upper(type->text), &Type::name);
  if (known == types.end())
    throw InputError(type->where, fmt::format("records of type '{}' are not modelled", type->text));
  if (!ttl) ttl = rules.default_ttl;
  if (!ttl) throw InputError(type->where, "the record has no TTL, and none is set before it");
  TextRecord record{.owner = owner, .type = known->number, .ttl = *ttl, .rdata = {}};
  Data data(words, *type, rules.origin);
  known->read(data, record.rdata);
  data.end();
  return record;
}

bool may_compress(std::uint16_t type) { return type != type_srv; }

int number(const Word& word, int least, int most) {
  int value = 0;
  const char* end = word.text.data() + word.text.size();
  const auto [stop, error] = std::from_chars(word.text.data(), end, value);
  if (error != std::errc{} || stop != end || value < least || value > most)
    throw InputError(word.where, fmt::format("'{}' is no number from {} to {}", word.text, least, most));
  return value;
}

}  // namespace hanglab::servers
