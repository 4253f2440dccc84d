#include "models/servers/named_answers.hh"

#include <algorithm>
#include <span>

namespace hanglab::servers {

namespace {

constexpr int most_restarts = 11;  // max-query-restarts

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }

// The name of an answer is spelt as the zone file spells it. Of a wildcard that leaves no more than which
// octets were capitals.
WireName spelt_as(const WireName& name, const WireName& in_file) {
  WireName spelt = lower_case(name);
  for (std::size_t i = 0; i < std::min(spelt.size(), in_file.size()); ++i)
    if (is_upper(in_file[i]) && spelt[i] >= 'a' && spelt[i] <= 'z')
      spelt[i] = static_cast<char>(spelt[i] - 'a' + 'A');
  return spelt;
}

bool holds(const std::vector<NamedSet>& sets, const WireName& name, std::uint16_t type) {
  return std::ranges::any_of(sets, [&](const NamedSet& set) {
    return set.type == type && lower_case(set.owner) == lower_case(name);
  });
}

}  // namespace

// One question's way through the zones.
class NamedAnswers::Search {
 public:
  Search(const NamedAnswers& answers, const NamedQuery& query, bool tcp, bool small, NamedState& state)
      : answers_(answers), query_(query), tcp_(tcp), state_(state) {
    const auto minimal = answers.conf_.minimal_responses;
    const bool recursive = (query.header.flags & dns::flag_rd) != 0;
    authority_ =
        minimal == MinimalResponses::no || (minimal == MinimalResponses::no_auth_recursive && !recursive);
    additional_ = minimal != MinimalResponses::yes;
    if (small) authority_ = additional_ = false;
  }

  NamedMessage run() {
    WireName name = query_.name;
    for (int restarts = 0; restarts <= most_restarts; ++restarts) {
      const auto* served = answers_.zone_of(lower_case(name), query_.type);
      if (!served) {
        if (restarts == 0) message_.flags = dns::refused;
        break;
      }
      if (!served->zone) {
        message_.flags = dns::servfail;
        break;
      }
      const auto target = look_up(*served->zone, name);
      if (!target) break;
      name = *target;
    }
    // Addresses of IPv4 go before those of IPv6.
    auto& additionals = message_.additionals;
    std::stable_partition(additionals.begin(), additionals.end(),
                          [](const NamedSet& set) { return set.type == dns::type_a; });
    return std::move(message_);
  }

 private:
  // Where a CNAME leads; nothing: the search is over.
  std::optional<WireName> look_up(const Zone& zone, const WireName& name) {
    const WireName lower = lower_case(name);
    if (const ZoneRrset* cut = zone.delegation(lower);
        cut && (query_.type != type_ds || lower_case(cut->owner) != lower)) {
      refer(zone, *cut);
      return {};
    }
    message_.flags |= dns::flag_aa;
    const ZoneNode* node = zone.find(lower);
    if (!node) node = zone.wildcard(lower);
    if (!node) {
      negative(zone, dns::nxdomain);
      return {};
    }
    if (query_.type == type_any) return any(zone, *node, name);
    if (const ZoneRrset* set = find_set(*node, query_.type)) {
      add(message_.answers, name, *set);
      finish(zone, *set, lower);
      return {};
    }
    if (const ZoneRrset* alias = find_set(*node, dns::type_cname)) {
      add(message_.answers, name, *alias);
      return alias->records.front().names.front();
    }
    negative(zone, dns::noerror);
    return {};
  }

  std::optional<WireName> any(const Zone& zone, const ZoneNode& node, const WireName& name) {
    std::span<const ZoneRrset> sets = node;
    if (answers_.conf_.minimal_any && !tcp_ && !sets.empty()) sets = sets.first(1);
    for (const ZoneRrset& set : sets) add(message_.answers, name, set);
    if (sets.empty()) negative(zone, dns::noerror);
    return {};
  }

  void negative(const Zone& zone, dns::Rcode rcode) {
    message_.flags |= rcode;
    const ZoneRrset& soa = zone.soa();
    add(message_.authorities, soa.owner, soa);
    std::uint32_t minimum = 0;
    for (const auto octet : std::span(soa.records.front().after).last(4)) minimum = minimum << 8 | octet;
    message_.authorities.back().ttl = std::min(soa.ttl, minimum);
  }

  void finish(const Zone& zone, const ZoneRrset& set, const WireName& name) {
    if (additional_) add_targets(zone, set);
    if (!authority_ || (set.type == type_ns && name == zone.name())) return;
    add(message_.authorities, zone.ns().owner, zone.ns());
    if (additional_) add_targets(zone, zone.ns());
  }

  // Without its glue a referral would be of no use, so that comes in any case.
  void refer(const Zone& zone, const ZoneRrset& cut) {
    add(message_.authorities, cut.owner, cut);
    for (const Rdata& record : cut.records) add_addresses(zone, record.names.front());
  }

  void add_targets(const Zone& zone, const ZoneRrset& set) {
    if (set.type != type_ns && set.type != type_mx && set.type != type_srv) return;
    for (const Rdata& record : set.records)
      if (!zone.delegation(lower_case(record.names.front()))) add_addresses(zone, record.names.front());
  }

  void add_addresses(const Zone& zone, const WireName& name) {
    const ZoneNode* node = zone.find(lower_case(name));
    if (!node) return;
    for (const auto type : {dns::type_a, dns::type_aaaa})
      if (const ZoneRrset* set = find_set(*node, type))
        if (!holds(message_.answers, name, type) && !holds(message_.additionals, name, type))
          add(message_.additionals, name, *set);
  }

  void add(std::vector<NamedSet>& section, const WireName& name, const ZoneRrset& set) {
    NamedSet added{
        .owner = spelt_as(name, set.owner), .type = set.type, .ttl = set.ttl, .records = ordered(set)};
    section.push_back(std::move(added));
  }

  std::vector<const Rdata*> ordered(const ZoneRrset& set) {
    std::vector<const Rdata*> records;
    for (const Rdata& rdata : set.records) records.push_back(&rdata);
    const std::size_t count = records.size();
    if (count < 2) return records;
    if (answers_.conf_.rrset_order == RrsetOrder::random) {
      // One number for all exchanges, not one for each.
      const std::uint64_t seed = state_.random.next() & 0xffff'ffff;
      for (std::size_t i = 0; i < count; ++i) std::swap(records[i], records[i + seed % (count - i)]);
    } else if (answers_.conf_.rrset_order == RrsetOrder::cyclic) {
      // Which record is first at first depends on all that named has loaded before.
      const auto turn = state_.turns.try_emplace(&set, state_.random.next() & 0xffff).first;
      const auto first = static_cast<std::ptrdiff_t>(turn->second++ % count);
      std::rotate(records.begin(), records.begin() + first, records.end());
    }
    return records;
  }

  const NamedAnswers& answers_;
  const NamedQuery& query_;
  bool tcp_;
  NamedState& state_;
  bool authority_ = false;
  bool additional_ = false;
  NamedMessage message_;
};

NamedMessage NamedAnswers::answer(const NamedQuery& query, bool tcp, bool small, NamedState& state) const {
  return Search(*this, query, tcp, small, state).run();
}

// The closest zone above the name. A DS belongs to the zone above its owner, if that is served.
const ServedZone* NamedAnswers::zone_of(const WireName& name, std::uint16_t type) const {
  const ServedZone* closest = nullptr;
  const ServedZone* parent = nullptr;
  for (const ServedZone& served : zones_) {
    if (!is_at_or_below(name, served.name)) continue;
    if (!closest || served.name.size() > closest->name.size()) closest = &served;
    if (served.name != name && (!parent || served.name.size() > parent->name.size())) parent = &served;
  }
  return type == type_ds && parent ? parent : closest;
}

}  // namespace hanglab::servers
