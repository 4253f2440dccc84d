#include "models/servers/unbound_zones.hh"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace hanglab::servers {

namespace {

constexpr std::string_view soa_of_default =
    "@ 10800 IN SOA localhost. nobody.invalid. 1 3600 1200 604800 10800\n";
constexpr std::string_view ns_of_default = "@ 10800 IN NS localhost.\n";

// One under which nobody is, for 32 nibbles: 0.0.….0.ip6.arpa or 1.0.….0.ip6.arpa.
std::string nibbles_of(char last) {
  std::string name(1, last);
  for (int i = 1; i < 32; ++i) name += ".0";
  return name + ".ip6.arpa.";
}

// RFC 6303 and what joined it: addresses that are nobody's on the Internet.
std::vector<std::string> lan_zones() {
  std::vector<std::string> zones{"10.in-addr.arpa.",
                                 "168.192.in-addr.arpa.",
                                 "0.in-addr.arpa.",
                                 "254.169.in-addr.arpa.",
                                 "2.0.192.in-addr.arpa.",
                                 "100.51.198.in-addr.arpa.",
                                 "113.0.203.in-addr.arpa.",
                                 "255.255.255.255.in-addr.arpa.",
                                 nibbles_of('0'),
                                 "d.f.ip6.arpa.",
                                 "8.e.f.ip6.arpa.",
                                 "9.e.f.ip6.arpa.",
                                 "a.e.f.ip6.arpa.",
                                 "b.e.f.ip6.arpa.",
                                 "8.b.d.0.1.0.0.2.ip6.arpa."};
  for (int i = 16; i < 32; ++i) zones.push_back(fmt::format("{}.172.in-addr.arpa.", i));
  for (int i = 64; i < 128; ++i) zones.push_back(fmt::format("{}.100.in-addr.arpa.", i));
  return zones;
}

}  // namespace

const std::vector<LocalRrset>* UnboundZone::find(const WireName& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : &found->second;
}

// With it come the names between it and the zone's own.
std::vector<LocalRrset>& UnboundZone::node(const WireName& name) {
  for (std::string_view above = name; above.size() > name_.size();) {
    above = parent_of(above);
    names_.try_emplace(WireName(above));
  }
  return names_[name];
}

void UnboundZone::enter(const TextRecord& record) {
  const WireName name = lower_case(record.owner);
  auto& rrsets = node(name);
  auto rrset = std::ranges::find(rrsets, record.type, &LocalRrset::type);
  if (rrset == rrsets.end()) {
    rrset = rrsets.insert(rrsets.begin(), {.type = record.type});
    if (record.type == type_soa && name == name_) {
      const auto& after = record.rdata.after;
      std::uint32_t minimum = 0;
      for (const auto octet : std::span(after).last(4)) minimum = minimum << 8 | octet;
      soa_ = {.type = type_soa, .records = {{.ttl = std::min(record.ttl, minimum), .rdata = record.rdata}}};
    }
  }
  const auto same = [&](const LocalRecord& other) { return other.rdata == record.rdata; };
  if (std::ranges::any_of(rrset->records, same)) return;
  rrset->records.insert(rrset->records.begin(), {.ttl = record.ttl, .rdata = record.rdata});
}

UnboundZones::UnboundZones(const UnboundConf& conf) {
  for (const auto& zone : conf.zones) zones_.try_emplace(zone.name, zone.name, zone.type);
  add_default(conf, "localhost.", LocalZoneType::redirect, "@ 10800 IN A 127.0.0.1\n@ 10800 IN AAAA ::1\n");
  add_default(conf, "127.in-addr.arpa.", LocalZoneType::static_data,
              "1.0.0.127.in-addr.arpa. 10800 IN PTR localhost.\n");
  add_default(conf, nibbles_of('1'), LocalZoneType::static_data, "@ 10800 IN PTR localhost.\n");
  for (const auto* name : {"home.arpa.", "onion.", "test.", "invalid."})
    add_default(conf, name, LocalZoneType::static_data);
  if (!conf.unblock_lan_zones)
    for (const auto& name : lan_zones()) add_default(conf, name, LocalZoneType::static_data);
  for (auto data = conf.data.rbegin(); data != conf.data.rend(); ++data)
    zones_.find(zone_of(lower_case(data->record.owner), data->record.type)->first)
        ->second.enter(data->record);
}

void UnboundZones::add_default(const UnboundConf& conf, std::string_view name, LocalZoneType type,
                               std::string_view more) {
  const WireName zone_name = wire_name(name);
  if (zones_.contains(zone_name) || std::ranges::count(conf.nodefault, zone_name) > 0) return;
  UnboundZone& zone = zones_.try_emplace(zone_name, zone_name, type).first->second;
  const PlacedText text{.text = fmt::format("{}{}{}", soa_of_default, ns_of_default, more)};
  for (const auto& line : split_records(text))
    zone.enter(read_record(read_name(line.words[0], zone_name), std::span(line.words).subspan(1),
                           line.words[0], {.origin = zone_name, .default_ttl = {}}));
}

// The root's zone is always there: the configuration has to have it.
UnboundZones::Zones::const_iterator UnboundZones::zone_of(std::string_view name, std::uint16_t type) const {
  if (type == type_ds && name.size() > 1) name = parent_of(name);
  auto zone = zones_.find(name);
  for (; zone == zones_.end(); zone = zones_.find(name)) name = parent_of(name);
  return zone;
}

}  // namespace hanglab::servers
