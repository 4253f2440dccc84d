#include "models/servers/zone_file.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace hanglab::servers {

namespace {

dns::Bytes canonical(const Rdata& rdata) {
  dns::Bytes bytes = rdata.before;
  for (const auto& name : rdata.names) {
    const WireName lower = lower_case(name);
    bytes.insert(bytes.end(), lower.begin(), lower.end());
  }
  bytes.insert(bytes.end(), rdata.after.begin(), rdata.after.end());
  return bytes;
}

// Letters, digits and hyphens, which do not begin or end a label; the first label may be an asterisk
// (named's check-names, which is fatal for a primary zone).
bool is_host_name(const WireName& name) {
  bool first = true;
  for (std::string_view rest = name; rest.size() > 1; rest = parent_of(rest), first = false) {
    const auto label = rest.substr(1, static_cast<unsigned char>(rest[0]));
    if (first && label == "*") continue;
    const auto plain = [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
    };
    if (label.front() == '-' || label.back() == '-' || !std::ranges::all_of(label, plain)) return false;
  }
  return true;
}

}  // namespace

const ZoneRrset* find_set(const ZoneNode& node, std::uint16_t type) {
  const auto set = std::ranges::find(node, type, &ZoneRrset::type);
  return set == node.end() ? nullptr : &*set;
}

// What earlier lines have set for later ones; a file that is included gets a copy.
struct Zone::Reading {
  WireName origin;
  std::optional<std::uint32_t> ttl{};
  std::optional<std::uint32_t> last_ttl{};
  std::optional<WireName> owner{};
  int depth = 0;
};

Zone::Zone(const WireName& name, const PlacedText& file, const ZoneFiles& others) : name_(lower_case(name)) {
  read({.origin = name}, file, others);
  check(file);
}

void Zone::read(Reading reading, const PlacedText& file, const ZoneFiles& others) {
  for (const auto& line : split_records(file)) {
    const Word& first = line.words.front();
    if (first.text.starts_with('$')) {
      if (first.text != "$ORIGIN" && first.text != "$TTL" && first.text != "$INCLUDE")
        throw InputError(first.where, fmt::format("the directive {} is not modelled", first.text));
      if (line.words.size() != 2)
        throw InputError(first.where, fmt::format("{} wants one value", first.text));
      const Word& value = line.words[1];
      if (first.text == "$ORIGIN") {
        reading.origin = read_name(value, reading.origin);
      } else if (first.text == "$TTL") {
        reading.ttl = read_ttl(value.text);
        if (!reading.ttl) throw InputError(value.where, fmt::format("'{}' is no TTL", value.text));
      } else {
        const auto included = others.find(value.text);
        if (included == others.end() || reading.depth > 0)
          throw InputError(value.where, fmt::format("there is no file '{}' to include", value.text));
        Reading inner = reading;
        ++inner.depth;
        read(inner, included->second, others);
      }
      continue;
    }
    std::span<const Word> words = line.words;
    if (!line.indented) {
      reading.owner = read_name(first, reading.origin);
      words = words.subspan(1);
    }
    if (!reading.owner) throw InputError(first.where, "the first record has no owner");
    auto record = read_record(*reading.owner, words, first,
                              {.origin = reading.origin,
                               .default_ttl = reading.ttl ? reading.ttl : reading.last_ttl,
                               .class_first = true});
    reading.last_ttl = record.ttl;
    add(std::move(record), first.where);
  }
}

void Zone::add(TextRecord record, const Location& where) {
  const WireName name = lower_case(record.owner);
  if (!is_at_or_below(name, name_))
    throw InputError(where, fmt::format("{} is not in the zone", presentation(record.owner)));
  const bool address = record.type == dns::type_a || record.type == dns::type_aaaa || record.type == type_mx;
  if (address && !is_host_name(record.owner))
    throw InputError(
        where, fmt::format("{} is no host name, named would not load the zone", presentation(record.owner)));
  for (std::string_view above = name; above.size() > name_.size();) {
    above = parent_of(above);
    names_.try_emplace(WireName(above));
  }
  ZoneNode& node = names_[name];
  const auto is_alias = [](const ZoneRrset& set) { return set.type == dns::type_cname; };
  const bool alias = record.type == dns::type_cname;
  if (!node.empty() && (alias || std::ranges::any_of(node, is_alias)))
    throw InputError(where, fmt::format("{} has a CNAME and other data", presentation(record.owner)));
  auto set = std::ranges::find(node, record.type, &ZoneRrset::type);
  if (set == node.end())
    set = node.insert(node.end(), {.owner = record.owner, .type = record.type, .ttl = record.ttl});
  const auto place = std::ranges::lower_bound(set->records, canonical(record.rdata), {}, canonical);
  if (place != set->records.end() && canonical(*place) == canonical(record.rdata)) return;
  set->records.insert(place, std::move(record.rdata));
}

void Zone::check(const PlacedText& file) const {
  const ZoneNode* apex = find(name_);
  if (!apex || !find_set(*apex, type_soa))
    throw InputError(file.where, fmt::format("the zone {} has no SOA record", presentation(name_)));
  const ZoneRrset* servers = find_set(*apex, type_ns);
  if (!servers)
    throw InputError(file.where, fmt::format("the zone {} has no NS records", presentation(name_)));
  for (const Rdata& record : servers->records) {
    const WireName target = lower_case(record.names.front());
    if (!is_at_or_below(target, name_) || delegation(target)) continue;
    const ZoneNode* node = find(target);
    if (!node || (!find_set(*node, dns::type_a) && !find_set(*node, dns::type_aaaa)))
      throw InputError(file.where,
                       fmt::format("the zone's NS {} has no address records", presentation(target)));
  }
}

const ZoneNode* Zone::find(const WireName& name) const {
  const auto node = names_.find(name);
  return node == names_.end() ? nullptr : &node->second;
}

const ZoneRrset* Zone::delegation(const WireName& name) const {
  const ZoneRrset* highest = nullptr;
  for (std::string_view rest = name; rest.size() > name_.size(); rest = parent_of(rest))
    if (const ZoneNode* node = find(WireName(rest)))
      if (const ZoneRrset* servers = find_set(*node, type_ns)) highest = servers;
  return highest;
}

const ZoneNode* Zone::wildcard(const WireName& name) const {
  std::string_view encloser = name;
  while (!find(WireName(encloser))) encloser = parent_of(encloser);
  return find("\1*" + std::string(encloser));
}

std::size_t Zone::largest_set() const {
  std::size_t largest = 0;
  for (const auto& [name, node] : names_)
    for (const ZoneRrset& set : node) largest = std::max(largest, set.records.size());
  return largest;
}

}  // namespace hanglab::servers
