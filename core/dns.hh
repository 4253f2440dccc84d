// DNS messages on the wire (RFC 1035 section 4; EDNS(0) by RFC 6891). Encoding is exact, so that a
// simulated server can send byte for byte what a real one sends; decoding accepts what a resolver
// would accept and says nothing about the rest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"

namespace hanglab::dns {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

constexpr std::size_t header_size = 12;
constexpr std::size_t classic_udp_limit = 512;  // RFC 1035 2.3.4

enum Type : std::uint16_t { type_a = 1, type_cname = 5, type_ptr = 12, type_aaaa = 28, type_opt = 41 };
enum Rcode : std::uint8_t { noerror = 0, formerr = 1, servfail = 2, nxdomain = 3, notimp = 4, refused = 5 };

// Bits of the second 16-bit word of the header.
enum Flag : std::uint16_t {
  flag_qr = 0x8000,
  flag_aa = 0x0400,
  flag_tc = 0x0200,
  flag_rd = 0x0100,
  flag_ra = 0x0080,
  flag_ad = 0x0020,
  flag_cd = 0x0010,
};

struct Header {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;

  bool response() const { return (flags & flag_qr) != 0; }
  bool truncated() const { return (flags & flag_tc) != 0; }
  Rcode rcode() const { return static_cast<Rcode>(flags & 0x000f); }
  bool operator==(const Header&) const = default;
};

struct Question {
  std::string name;  // presentation form without the final dot; "" is the root
  std::uint16_t type = type_a;
  std::uint16_t klass = 1;

  bool operator==(const Question&) const = default;
};

struct Record {
  std::string name;
  std::uint16_t type = 0;
  std::uint16_t klass = 0;  // OPT: the sender's UDP payload size
  std::uint32_t ttl = 0;    // OPT: extended RCODE, version and flags
  ByteView rdata{};         // into the message it was decoded from

  bool operator==(const Record& other) const;
};

// What an A or AAAA record says; nothing of another, or where its data have another size.
std::optional<IpAddress> address_of(const Record& record);

struct Message {
  Header header;
  std::vector<Question> questions;
  std::vector<Record> answers;
  std::vector<Record> authorities;
  std::vector<Record> additionals;

  const Record* opt() const;  // the EDNS record, or nullptr
};

std::optional<Header> decode_header(ByteView message);
// The first question alone: all that matching an answer to its query takes.
std::optional<Question> decode_question(ByteView message);
// The same into one whose name may have room already; false if there is none to be read, and then `into`
// holds anything.
bool decode_question(ByteView message, Question& into);
// Everything. Empty when the message is cut short or a name cannot be read; a truncated (TC) message
// is complete in itself and decodes.
std::optional<Message> decode(ByteView message);

std::string_view rcode_name(Rcode rcode);   // "NXDOMAIN"; "RCODE 11" has no name: "RCODE"
std::string type_name(std::uint16_t type);  // "A", "AAAA", else "TYPE65"

// Names are compared without regard to ASCII case (RFC 4343).
bool same_name(std::string_view a, std::string_view b);

// Appends to a message, in order. Names are written uncompressed by name(), and as a pointer to an
// offset by pointer(); whoever models a server decides which.
class Writer {
 public:
  explicit Writer(std::size_t expected = 512) { bytes_.reserve(expected); }

  void header(const Header& header);
  void name(std::string_view name);  // throws Error where a label exceeds 63 or the name 255 octets
  void pointer(std::size_t offset);
  void question(const Question& question);
  void u8(std::uint8_t value);
  void u16(std::uint16_t value);
  void u32(std::uint32_t value);
  void raw(ByteView bytes);
  // What stands behind a record's owner; of class IN.
  void record(std::uint16_t type, std::uint32_t ttl, ByteView rdata);
  // OPT pseudo-record without options: 11 octets.
  void opt(std::uint16_t udp_payload_size, std::uint32_t extended_flags = 0);

  std::size_t size() const { return bytes_.size(); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// One question with RD set, as stub resolvers send it.
Bytes encode_query(std::uint16_t id, const Question& question,
                   std::optional<std::uint16_t> edns_payload_size = {});

// A message as TCP carries it: its length in two octets before it (RFC 1035 4.2.2).
Bytes framed(ByteView message);

}  // namespace hanglab::dns
