// A zone as BIND 9.18 loads it from its file: sets of records in canonical order (RFC 4034 6), each without
// duplicates and with the TTL of its first record. What BIND would refuse to load, and directives other than
// $ORIGIN, $TTL and $INCLUDE, are refused at their place; records whose number exceeds max-records-per-type
// are not: named then runs, but without the zone. Errors: InputError. Source: RFC 1035 5.1; BIND 9.18.49,
// lib/dns/master.c, lib/dns/rdataslab.c, lib/dns/zone.c.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "models/servers/record_text.hh"

namespace hanglab::servers {

struct ZoneRrset {
  WireName owner;  // as the file spells it
  std::uint16_t type = 0;
  std::uint32_t ttl = 0;
  std::vector<Rdata> records{};
};

// The sets of one name, in the order of the file. Empty: there are only names below it.
using ZoneNode = std::vector<ZoneRrset>;

const ZoneRrset* find_set(const ZoneNode& node, std::uint16_t type);

// By the names that named.conf and $INCLUDE give them.
using ZoneFiles = std::map<std::string, PlacedText>;

class Zone {
 public:
  Zone(const WireName& name, const PlacedText& file, const ZoneFiles& others);

  const WireName& name() const { return name_; }
  // A name in lower case, at or below the zone's own; else nullptr.
  const ZoneNode* find(const WireName& name) const;
  // The delegation at or above the name, below the zone's own; or nullptr.
  const ZoneRrset* delegation(const WireName& name) const;
  // The wildcard that stands for a name that is not there (RFC 4592), or nullptr.
  const ZoneNode* wildcard(const WireName& name) const;

  const ZoneRrset& soa() const { return *find_set(*find(name_), type_soa); }
  const ZoneRrset& ns() const { return *find_set(*find(name_), type_ns); }
  std::size_t largest_set() const;

 private:
  struct Reading;

  void read(Reading reading, const PlacedText& file, const ZoneFiles& others);
  void add(TextRecord record, const Location& where);
  void check(const PlacedText& file) const;

  WireName name_;
  std::map<WireName, ZoneNode> names_;
};

}  // namespace hanglab::servers
