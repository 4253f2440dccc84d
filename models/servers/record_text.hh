// Resource records as text, the way zone files and unbound's local-data have them (RFC 1035 5.1):
// `owner [TTL] [class] type data`. Types: A, AAAA, NS, CNAME, PTR, MX, TXT, SRV and SOA in class IN;
// anything else is refused at its place. Errors: InputError.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/dns.hh"
#include "core/error.hh"
#include "models/servers/wire_name.hh"

namespace hanglab::servers {

enum MoreTypes : std::uint16_t {
  type_ns = 2,
  type_soa = 6,
  type_mx = 15,
  type_txt = 16,
  type_srv = 33,
  type_ds = 43,
  type_ixfr = 251,
  type_axfr = 252,
  type_any = 255,
};
constexpr std::uint16_t class_in = 1;

// A text and the place of its first character; its other lines begin at the same column, as those of a
// YAML block do.
struct PlacedText {
  std::string text{};
  Location where{};
};

// The place `offset` characters into the text.
Location place_in(const PlacedText& text, std::size_t offset);

struct Word {
  std::string text;
  Location where;
  bool quoted = false;
};

// Throws InputError at the word where it is no whole number from `least` to `most`.
int number(const Word& word, int least, int most);

// One entry of a zone file: a line, or more where parentheses or quotes hold them together; without
// comments.
struct RecordLine {
  bool indented = false;  // begins with white space: the owner is that of the record before
  std::vector<Word> words{};
};

std::vector<RecordLine> split_records(const PlacedText& text);

// Data of one record: octets, then names, then octets. Names of the types that RFC 1035 defines may be
// compressed (RFC 3597 4).
struct Rdata {
  dns::Bytes before{};
  std::vector<WireName> names{};
  dns::Bytes after{};

  std::size_t size() const;  // uncompressed
  bool operator==(const Rdata&) const = default;
};

struct TextRecord {
  WireName owner;
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  Rdata rdata{};
};

// Relative names end in `origin`.
WireName read_name(const Word& word, const WireName& origin);
std::optional<std::uint32_t> read_ttl(std::string_view text);  // seconds, or "1h30m"

struct RecordRules {
  WireName origin;
  std::optional<std::uint32_t> default_ttl;  // nothing: a record has to say its own
  bool class_first = false;                  // a TTL may stand behind the class
};

// `words`: what follows the owner.
TextRecord read_record(const WireName& owner, std::span<const Word> words, const Word& first,
                       const RecordRules& rules);

bool may_compress(std::uint16_t type);

}  // namespace hanglab::servers
