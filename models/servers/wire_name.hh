// Domain names as they stand in a message, uncompressed and with the root's empty label at the end
// (RFC 1035 3.1), and how a message says one again that it has said before (4.1.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/dns.hh"

namespace hanglab::servers {

using WireName = std::string;

// Presentation form, with or without the final dot. Throws Error where it is no domain name.
WireName wire_name(std::string_view text);
std::string presentation(const WireName& name);  // with the final dot, for messages and generated files

// The name at `at`, which is moved past it. Nothing: cut short, longer than 255 octets, or compressed.
std::optional<WireName> read_wire_name(dns::ByteView message, std::size_t& at);

WireName lower_case(WireName name);  // ASCII (RFC 4343)
int labels_in(std::string_view name);
std::string_view parent_of(std::string_view name);  // of the root: nothing
bool is_at_or_below(std::string_view name, std::string_view zone);

// How far a server goes to compress names.
struct CompressionRules {
  bool case_counts = false;
  std::size_t most_pointers = std::numeric_limits<std::size_t>::max();  // of a message
  std::size_t depth = 128;  // so many leading labels of a name are looked for, and kept, as ends of names
};

// Where the names of a message under construction stand.
class NameTable {
 public:
  explicit NameTable(const CompressionRules& rules) : rules_(rules) {}

  // What to write for `name` at `offset`: its leading labels, then a pointer or the root. From then on the
  // name can be pointed to.
  dns::Bytes compress(std::string_view name, std::size_t offset);
  // For a name that is written whole.
  void remember(std::string_view name, std::size_t offset);

 private:
  std::string key(std::string_view name) const;
  void remember_labels(std::string_view name, std::size_t offset, std::size_t labels);

  CompressionRules rules_;
  std::size_t pointers_ = 0;
  std::map<std::string, std::uint16_t, std::less<>> offsets_;
};

}  // namespace hanglab::servers
