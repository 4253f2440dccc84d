// What a named answers from its zones: the sets of records and the flags, before they are written. Which
// order the records of a set come in is drawn anew for each answer (rrset-order random), goes round
// (cyclic), or stays. Source: BIND 9.18.49, lib/ns/query.c; named.conf(5).
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "core/random.hh"
#include "models/servers/named_conf.hh"
#include "models/servers/named_message.hh"
#include "models/servers/zone_file.hh"

namespace hanglab::servers {

// What changes while a named runs.
struct NamedState {
  Random random{0};
  std::map<const ZoneRrset*, std::uint64_t> turns{};  // of sets in cyclic order
};

// A zone that did not load has no data: questions about it are answered SERVFAIL.
struct ServedZone {
  WireName name;  // in lower case
  std::optional<Zone> zone;
};

class NamedAnswers {
 public:
  NamedAnswers(NamedConf conf, std::vector<ServedZone> zones)
      : conf_(std::move(conf)), zones_(std::move(zones)) {}

  const NamedConf& conf() const { return conf_; }

  // `small`: the client's EDNS size allows for the answer alone.
  NamedMessage answer(const NamedQuery& query, bool tcp, bool small, NamedState& state) const;

 private:
  class Search;

  const ServedZone* zone_of(const WireName& name, std::uint16_t type) const;

  NamedConf conf_;
  std::vector<ServedZone> zones_;
};

}  // namespace hanglab::servers
