#include "models/netfilter/iptables_values.hh"

#include <algorithm>
#include <bit>
#include <cctype>
#include <charconv>
#include <optional>

#include "core/address.hh"
#include "models/netfilter/iptables_names.hh"

namespace hanglab::kernel {

namespace {

constexpr std::size_t longest_interface = 15;  // IFNAMSIZ - 1
constexpr std::size_t multiport_slots = 15;    // XT_MULTI_PORTS; a range takes two

std::string quoted(const Word& word) { return '\'' + word.text + '\''; }

bool begins(std::string_view name, std::string_view abbreviation) {
  return abbreviation.size() <= name.size() &&
         std::equal(abbreviation.begin(), abbreviation.end(), name.begin(),
                    [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); });
}

bool same(std::string_view a, std::string_view b) { return a.size() == b.size() && begins(a, b); }

template <typename Value>
std::string names_of(std::span<const Named<Value>> table) {
  std::vector<std::string_view> names;
  for (const auto& entry : table) names.push_back(entry.name);
  return join(names);
}

// The first name that the word abbreviates, upper or lower case.
template <typename Value>
std::optional<Value> first_begun(std::span<const Named<Value>> table, std::string_view text) {
  const auto found = std::ranges::find_if(table, [&](const auto& entry) { return begins(entry.name, text); });
  if (found == table.end() || text.empty()) return {};
  return found->value;
}

std::optional<std::uint32_t> number(std::string_view text, std::uint32_t least, std::uint32_t most) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  } else if (text.starts_with('0') && text.size() > 1) {
    base = 8;
  }
  std::uint32_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error != std::errc{} || stop != end || value < least || value > most) return {};
  return value;
}

std::uint16_t read_port(const Word& word, std::uint8_t over) {
  if (const auto port = number(word.text, 0, 65535)) return static_cast<std::uint16_t>(*port);
  const auto bit = static_cast<unsigned>(over == protocol::udp ? Over::udp : Over::tcp);
  for (const Service& service : services()) {
    if (service.name == word.text && (static_cast<unsigned>(service.over) & bit)) return service.port;
  }
  if (word.text.find(',') != std::string::npos)
    fail(word, "a list of ports needs -m multiport --sports or --dports");
  fail(word, "no port or service " + quoted(word) + (over == protocol::udp ? " of udp" : " of tcp") +
                 "; a port is a number from 0 to 65535");
}

// The two sides of "a:b"; the second is missing if there is no colon.
std::pair<Word, std::optional<Word>> halves(const Word& word) {
  const auto colon = word.text.find(':');
  if (colon == std::string::npos) return {word, {}};
  Word last{word.text.substr(colon + 1), word.at};
  last.at.column += static_cast<int>(colon) + 1;
  return {Word{word.text.substr(0, colon), word.at}, last};
}

// "10/8" is 10.0.0.0/8, as iptables fills it up.
std::optional<Ipv4Address> padded_address(std::string text) {
  for (auto dots = std::ranges::count(text, '.'); dots < 3; ++dots) text += ".0";
  return parse_ipv4(text);
}

std::optional<std::uint32_t> mask(const std::string& text) {
  if (const auto dotted = parse_ipv4(text)) return dotted->value;
  const auto length = number(text, 0, 32);
  if (!length) return {};
  return *length == 0 ? 0u : ~0u << (32 - *length);
}

AddressMatch read_address(const Word& word) {
  const auto slash = word.text.find('/');
  const auto address = padded_address(word.text.substr(0, slash));
  if (!address) {
    fail(word, quoted(word) + (parse_ipv6(word.text) ? " is an IPv6 address, which iptables does not take"
                                                     : " is no IPv4 address (a name would need a resolver)"));
  }
  const auto bits = slash == std::string::npos ? ~0u : mask(word.text.substr(slash + 1));
  if (!bits) fail(word, quoted(word) + " has no mask from /0 to /32, nor one like /255.255.255.0");
  const InetAddress kept = Ipv4Address{*bits};
  return {.address = kept & *address, .mask = kept};
}

// "2001:db8::/32", and as ip6tables takes it "2001:db8::/ffff:ffff::".
AddressMatch read_ipv6_address(const Word& word) {
  const auto slash = word.text.find('/');
  const auto address = parse_ipv6(word.text.substr(0, slash));
  if (!address) {
    fail(word, quoted(word) + (padded_address(word.text.substr(0, slash))
                                   ? " is an IPv4 address, which ip6tables does not take"
                                   : " is no IPv6 address (a name would need a resolver)"));
  }
  InetAddress kept = prefix_mask(128);
  if (slash != std::string::npos) {
    const auto text = word.text.substr(slash + 1);
    const auto length = number(text, 0, 128);
    const auto written = parse_ipv6(text);
    if (!length && !written)
      fail(word, quoted(word) + " has no mask from /0 to /128, nor one like /ffff:ffff::");
    kept = length ? prefix_mask(*length) : InetAddress(*written);
  }
  return {.address = kept & *address, .mask = kept};
}

}  // namespace

std::string join(std::span<const std::string_view> names) {
  std::string text;
  for (const auto name : names) (text += text.empty() ? "" : ", ") += name;
  return text;
}

std::vector<Word> split(const Word& word, char separator) {
  std::vector<Word> parts;
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = word.text.find(separator, begin);
    Word part{word.text.substr(begin, end == std::string::npos ? end : end - begin), word.at};
    part.at.column += static_cast<int>(begin);
    parts.push_back(std::move(part));
  }
  return parts;
}

std::uint32_t read_number(const Word& word, std::uint32_t least, std::uint32_t most) {
  if (const auto value = number(word.text, least, most)) return *value;
  fail(word, quoted(word) + " is no number from " + std::to_string(least) + " to " + std::to_string(most));
}

double read_probability(const Word& word) {
  double value = 0.0;
  const char* const end = word.text.data() + word.text.size();
  const auto [stop, error] = std::from_chars(word.text.data(), end, value);
  if (error == std::errc{} && stop == end && value >= 0.0 && value <= 1.0) return value;
  fail(word, quoted(word) + " is no probability from 0 to 1");
}

std::vector<AddressMatch> read_addresses(const Word& word, IpVersion version) {
  std::vector<AddressMatch> addresses;
  const auto read = version == IpVersion::v4 ? read_address : read_ipv6_address;
  for (const Word& part : split(word, ',')) addresses.push_back(read(part));
  return addresses;
}

InterfaceMatch read_interface(const Word& word) {
  if (word.text.empty()) fail(word, "an interface needs a name");
  if (word.text.size() > longest_interface) {
    fail(word, quoted(word) + " is longer than the 15 characters of an interface name");
  }
  if (word.text.ends_with('+')) return {.name = word.text.substr(0, word.text.size() - 1), .wildcard = true};
  return {.name = word.text, .wildcard = false};
}

std::uint8_t read_protocol(const Word& word) {
  if (const auto value = number(word.text, 0, 255)) return static_cast<std::uint8_t>(*value);
  for (const auto& entry : protocols()) {
    if (same(entry.name, word.text)) return entry.value;
  }
  fail(word, "no protocol " + quoted(word) + "; known by name: " + names_of(protocols()));
}

PortMatch read_ports(const Word& word, std::uint8_t over) {
  const auto [first, last] = halves(word);
  if (!last) {
    const auto port = read_port(word, over);
    return {.first = port, .last = port};
  }
  PortMatch ports;
  if (!first.text.empty()) ports.first = read_port(first, over);
  if (!last->text.empty()) ports.last = read_port(*last, over);
  if (ports.first > ports.last) fail(word, "the range " + quoted(word) + " ends before it begins");
  return ports;
}

std::vector<PortMatch> read_port_list(const Word& word, std::uint8_t over) {
  std::vector<PortMatch> list;
  std::size_t slots = 0;
  for (const Word& part : split(word, ',')) {
    const auto [first, last] = halves(part);
    list.push_back({.first = read_port(first, over), .last = read_port(last.value_or(first), over)});
    if (list.back().first > list.back().last)
      fail(part, "the range " + quoted(part) + " ends before it begins");
    slots += last ? 2 : 1;
    if (slots > multiport_slots) fail(part, "multiport takes at most 15 ports, a range counting as two");
  }
  return list;
}

// A range that ends before it begins is let through, as iptables does; it holds no length.
LengthMatch read_length(const Word& word) {
  const auto [first, last] = halves(word);
  const auto read = [](const Word& side) { return static_cast<std::uint16_t>(read_number(side, 0, 65535)); };
  LengthMatch match;
  if (!last || !first.text.empty()) match.first = read(first);
  if (!last) match.last = match.first;
  if (last && !last->text.empty()) match.last = read(*last);
  return match;
}

std::uint8_t read_tcp_flags(const Word& word) {
  unsigned flags = 0;
  for (const Word& part : split(word, ',')) {
    const auto known = tcp_flag_names();
    const auto flag =
        std::ranges::find_if(known, [&](const auto& entry) { return same(entry.name, part.text); });
    if (flag == known.end()) fail(part, "no TCP flag " + quoted(part) + "; there are " + names_of(known));
    flags |= flag->value;
  }
  return static_cast<std::uint8_t>(flags);
}

IcmpMatch read_icmp_type(const Word& word, IpVersion version) {
  const auto slash = word.text.find('/');
  if (const auto type = number(word.text.substr(0, slash), 0, 255)) {
    IcmpMatch match{.type = static_cast<std::uint8_t>(*type)};
    if (slash == std::string::npos) return match;
    const auto code = number(word.text.substr(slash + 1), 0, 255);
    if (!code) fail(word, quoted(word) + " has no ICMP code from 0 to 255 after its '/'");
    match.first_code = match.last_code = static_cast<std::uint8_t>(*code);
    return match;
  }
  const Named<IcmpMatch>* found = nullptr;
  for (const auto& entry : icmp_types(version)) {
    if (word.text.empty() || !begins(entry.name, word.text)) continue;
    if (found) {
      fail(word,
           quoted(word) + " may be '" + std::string(found->name) + "' or '" + std::string(entry.name) + '\'');
    }
    found = &entry;
  }
  if (!found)
    fail(word, "no ICMP type " + quoted(word) + "; it is a number, number/code or a name like echo-request");
  return found->value;
}

unsigned read_states(const Word& word) {
  unsigned states = 0;
  for (const Word& part : split(word, ',')) {
    if (part.text == "SNAT" || part.text == "DNAT")
      fail(part, "the lab has no address translation, so no " + part.text);
    const auto state = first_begun(connection_states(), part.text);
    if (!state)
      fail(part, "no connection state " + quoted(part) + "; there are " + names_of(connection_states()));
    states |= *state;
  }
  return states;
}

RejectWith read_reject_type(const Word& word, IpVersion version) {
  if (const auto type = first_begun(reject_types(version), word.text)) return *type;
  fail(word, "no reject type " + quoted(word) + "; there are " + names_of(reject_types(version)));
}

}  // namespace hanglab::kernel
