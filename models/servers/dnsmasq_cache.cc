#include "models/servers/dnsmasq_cache.hh"

#include <algorithm>

#include "core/big_endian.hh"
#include "models/servers/dnsmasq_query.hh"

namespace hanglab::servers {

namespace {

constexpr std::uint16_t type_soa = 6;
constexpr std::uint16_t no_such_name = 0;
constexpr int longest_chain = 10;  // CNAME_CHAIN of src/config.h
constexpr std::size_t soa_numbers_size = 20;

std::size_t records_in(const DnsmasqCache::Entry& entry) {
  return std::max<std::size_t>(entry.rdata.size(), 1) + (entry.soa_rdata.empty() ? 0 : 1);
}

// Reads an upstream answer along its chain of aliases.
class Reading {
 public:
  Reading(dns::ByteView message, const dns::Message& answer, const DnsmasqOptions& options, Seconds now)
      : message_(message), answer_(answer), options_(options), now_(now) {}

  std::vector<DnsmasqCache::Entry> entries() {
    if (answer_.questions.size() != 1 || answer_.questions[0].klass != 1) return {};
    const bool nxdomain = answer_.header.rcode() == dns::nxdomain;
    const std::uint16_t type = answer_.questions[0].type;
    const bool of_addresses = type == dns::type_a || type == dns::type_aaaa;
    if (!of_addresses && !nxdomain) return {};
    auto name = read_dnsmasq_name(message_, dns::header_size)->name;
    int chain = 0;
    for (const auto* alias = alias_of(name); alias != nullptr; alias = alias_of(name)) {
      const auto target = name_at(place_of(alias->rdata));
      if (++chain > longest_chain || !target) return {};
      if (of_addresses)
        entries_.push_back(
            {.name = name, .type = dns::type_cname, .expires = end_of(alias->ttl), .alias_of = target->name});
      shortest_alias_ = std::min(shortest_alias_.value_or(alias->ttl), alias->ttl);
      name = target->name;
    }
    if (nxdomain || !add_addresses(name, type)) add_nothing(name, nxdomain ? no_such_name : type);
    if (unkept_) entries_.clear();
    return std::move(entries_);
  }

 private:
  const dns::Record* alias_of(const std::string& name) const {
    for (const auto& record : answer_.answers)
      if (record.type == dns::type_cname && record.klass == 1 && dns::same_name(record.name, name))
        return &record;
    return nullptr;
  }

  std::size_t place_of(dns::ByteView rdata) const {
    return static_cast<std::size_t>(rdata.data() - message_.data());
  }
  std::optional<PlacedName> name_at(std::size_t at) const { return read_dnsmasq_name(message_, at); }

  bool add_addresses(const std::string& name, std::uint16_t type) {
    DnsmasqCache::Entry entry{.name = name, .type = type};
    for (const auto& record : answer_.answers)
      if (record.type == type && record.klass == 1 && dns::same_name(record.name, name)) {
        entry.expires = end_of(record.ttl);
        entry.rdata.emplace_back(record.rdata.begin(), record.rdata.end());
      }
    if (entry.rdata.empty()) return false;
    entries_.push_back(std::move(entry));
    return true;
  }

  // That there is nothing: for the TTL of the zone's SOA record, or the least number in it; without one for
  // as long as the aliases on the way.
  void add_nothing(const std::string& name, std::uint16_t type) {
    if (!options_.negative_cache) return;
    DnsmasqCache::Entry entry{.name = name, .type = type, .negative = true};
    std::uint32_t ttl = options_.negative_ttl;
    for (const auto& record : answer_.authorities) {
      if (record.type != type_soa || record.klass != 1 || !is_in_domain(name, record.name)) continue;
      const auto primary = name_at(place_of(record.rdata));
      const auto mailbox = primary ? name_at(primary->end) : std::nullopt;
      if (!mailbox || mailbox->end + soa_numbers_size > message_.size()) break;
      dns::Writer soa;
      soa.name(primary->name);
      soa.name(mailbox->name);
      soa.raw(message_.subspan(mailbox->end, soa_numbers_size));
      entry.soa_owner = record.name;
      entry.soa_rdata = soa.take();
      entry.soa_expires = end_of(record.ttl);
      ttl = std::min(record.ttl, get_u32(message_, mailbox->end + soa_numbers_size - 4));
      break;
    }
    if (ttl == 0) ttl = shortest_alias_.value_or(0);
    entry.expires = end_of(ttl);
    entries_.push_back(std::move(entry));
  }

  Seconds end_of(std::uint32_t ttl) {
    if (options_.max_cache_ttl != 0) ttl = std::min(ttl, options_.max_cache_ttl);
    ttl = std::max(ttl, options_.min_cache_ttl);
    unkept_ = unkept_ || ttl == 0;
    return now_ + ttl;
  }

  dns::ByteView message_;
  const dns::Message& answer_;
  const DnsmasqOptions& options_;
  Seconds now_;
  std::vector<DnsmasqCache::Entry> entries_;
  std::optional<std::uint32_t> shortest_alias_;
  bool unkept_ = false;
};

}  // namespace

std::vector<DnsmasqCache::Entry> DnsmasqCache::entries_of(dns::ByteView answer, const DnsmasqOptions& options,
                                                          Seconds now) {
  const auto message = dns::decode(answer);
  return message ? Reading(answer, *message, options, now).entries() : std::vector<Entry>();
}

void DnsmasqCache::keep(std::vector<Entry> entries, bool told_by_child) {
  std::size_t records = 0;
  for (const auto& entry : entries) records += records_in(entry);
  if (records == 0 || records > size_) return;
  for (const auto& entry : entries) forget_rivals(entry);
  make_room(records);
  for (auto& entry : entries) {
    if (told_by_child) std::ranges::reverse(entry.rdata);
    entry.used = ++looks_;
    const Key key{entry.name, entry.type};
    entries_.insert_or_assign(key, std::move(entry));
  }
}

// A name is an alias, or does not exist, or has records of its own.
void DnsmasqCache::forget_rivals(const Entry& entry) {
  std::erase_if(entries_, [&entry](const auto& known) {
    const auto type = known.first.second;
    return known.first.first == entry.name &&
           (type == entry.type || entry.type == dns::type_cname || entry.type == no_such_name ||
            type == dns::type_cname || type == no_such_name);
  });
}

void DnsmasqCache::make_room(std::size_t records) {
  const auto in_use = [this] {
    std::size_t sum = 0;
    for (const auto& [key, entry] : entries_) sum += records_in(entry);
    return sum;
  };
  while (!entries_.empty() && in_use() + records > size_)
    entries_.erase(
        std::ranges::min_element(entries_, {}, [](const auto& known) { return known.second.used; }));
}

DnsmasqCache::Entry* DnsmasqCache::find(const std::string& name, std::uint16_t type, Seconds now) {
  const auto known = entries_.find({name, type});
  if (known == entries_.end()) return nullptr;
  if (known->second.expires <= now) {
    entries_.erase(known);
    return nullptr;
  }
  known->second.used = ++looks_;
  return &known->second;
}

std::optional<dns::Rcode> DnsmasqCache::answer(std::string name, std::uint16_t type, Seconds now,
                                               std::uint32_t max_ttl, Reply& reply) {
  const auto left = [&](Seconds expires) {
    const auto ttl = static_cast<std::uint32_t>(std::max<Seconds>(expires - now, 0));
    return max_ttl == 0 ? ttl : std::min(ttl, max_ttl);
  };
  std::vector<const Entry*> aliases;
  for (const Entry* alias = find(name, dns::type_cname, now); alias != nullptr;
       alias = find(name, dns::type_cname, now)) {
    if (aliases.size() == longest_chain) return {};
    aliases.push_back(alias);
    name = alias->alias_of;
  }
  Entry* found = find(name, no_such_name, now);
  if (found == nullptr) found = find(name, type, now);
  if (found == nullptr) return {};

  for (const auto* alias : aliases) reply.add_alias(left(alias->expires), alias->alias_of);
  for (const auto& rdata : found->rdata) reply.add_record(type, left(found->expires), rdata);
  if (!found->soa_rdata.empty() && found->soa_expires > now)
    reply.add_authority(found->soa_owner, type_soa, left(found->soa_expires), found->soa_rdata);
  if (round_robin_ && found->rdata.size() > 1)
    std::rotate(found->rdata.begin(), found->rdata.end() - 1, found->rdata.end());
  return found->type == no_such_name ? dns::nxdomain : dns::noerror;
}

}  // namespace hanglab::servers
