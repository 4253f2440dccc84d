// The local zones of an unbound: which zone a name falls into, and what the zone has there. Beside the
// configured ones stand the default zones: localhost, the loopback and private address ranges, home.arpa,
// onion, test, invalid. Records stand in the order of the configuration; of two alike only the last counts.
// Source: unbound 1.17.1, services/localzone.c, util/as112.c.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "models/servers/unbound_conf.hh"

namespace hanglab::servers {

struct LocalRecord {
  std::uint32_t ttl = 0;
  Rdata rdata{};
};

// Whoever asks for it spells its owner, so that stands in no answer.
struct LocalRrset {
  std::uint16_t type = 0;
  std::vector<LocalRecord> records{};
};

class UnboundZone {
 public:
  UnboundZone(WireName name, LocalZoneType type) : name_(std::move(name)), type_(type) {}

  LocalZoneType type() const { return type_; }
  const WireName& name() const { return name_; }
  // A name in lower case that is there, be it only because of names below it; else nullptr.
  const std::vector<LocalRrset>* find(const WireName& name) const;
  // The SOA of negative answers, where the zone has one.
  const LocalRrset* negative_soa() const { return soa_ ? &*soa_ : nullptr; }

  // Latest first, as unbound enters what its configuration says.
  void enter(const TextRecord& record);

 private:
  std::vector<LocalRrset>& node(const WireName& name);

  WireName name_;
  LocalZoneType type_;
  std::map<WireName, std::vector<LocalRrset>> names_;
  std::optional<LocalRrset> soa_;
};

class UnboundZones {
 public:
  explicit UnboundZones(const UnboundConf& conf);

  // The closest zone above a name in lower case; a DS belongs to the zone above its owner.
  const UnboundZone& find(const WireName& name, std::uint16_t type) const {
    return zone_of(name, type)->second;
  }

 private:
  using Zones = std::map<WireName, UnboundZone, std::less<>>;

  Zones::const_iterator zone_of(std::string_view name, std::uint16_t type) const;
  void add_default(const UnboundConf& conf, std::string_view name, LocalZoneType type,
                   std::string_view more = {});

  Zones zones_;
};

}  // namespace hanglab::servers
