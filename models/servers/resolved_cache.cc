#include "models/servers/resolved_cache.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "core/big_endian.hh"

namespace hanglab::servers {

namespace {

using std::chrono::seconds;

constexpr std::uint32_t longest = 7200;     // CACHE_TTL_MAX_USEC
constexpr std::uint32_t servfail_for = 10;  // CACHE_TTL_STRANGE_RCODE_USEC
constexpr std::size_t soa_minimum_at = 16;  // behind the names: serial, refresh, retry, expire

bool answers(const ResolvedRecord& record, const ResolvedKey& key) {
  return (record.type == key.type || record.type == dns::type_cname) && lower_case(record.owner) == key.name;
}

std::optional<std::uint32_t> shortest_ttl(const ResolvedSections& sections) {
  std::optional<std::uint32_t> shortest;
  for (const auto* records : {&sections.answers, &sections.authorities, &sections.additionals})
    for (const auto& record : *records) shortest = std::min(shortest.value_or(record.ttl), record.ttl);
  return shortest;
}

// How long there is nothing. Nothing: that is not said.
std::optional<std::uint32_t> negative_ttl(const ResolvedSections& sections, const ResolvedKey& key) {
  for (const auto& record : sections.authorities) {
    if (record.type != type_soa || record.rdata.after.size() < soa_minimum_at + 4) continue;
    if (!is_at_or_below(key.name, lower_case(record.owner))) continue;
    return std::min(get_u32(record.rdata.after, soa_minimum_at), record.ttl);
  }
  return {};
}

}  // namespace

void ResolvedCache::keep(const ResolvedKey& key, dns::Rcode rcode, const ResolvedSections& sections,
                         TimePoint now) {
  if (mode_ == ResolvedConf::Cache::no || key.type == type_any) return;
  entries_.erase(key);
  ResolvedKey place = key;
  std::optional<std::uint32_t> ttl = shortest_ttl(sections);
  const bool positive =
      std::ranges::any_of(sections.answers, [&](const auto& record) { return answers(record, key); });
  if (rcode == dns::servfail) {
    ttl = servfail_for;
  } else if (rcode != dns::noerror && rcode != dns::nxdomain) {
    return;
  } else if (!positive) {
    const auto negative = negative_ttl(sections, key);
    if (!negative) return;
    ttl = std::min(*ttl, *negative);
    if (rcode == dns::nxdomain) place.type = type_any;
  }
  if (!positive && mode_ == ResolvedConf::Cache::no_negative) return;
  if (!ttl || *ttl == 0) return;
  entries_[place] = {.found = {.rcode = rcode, .sections = sections},
                     .until = now + seconds(std::min(*ttl, longest))};
}

std::optional<ResolvedCache::Found> ResolvedCache::find(const ResolvedKey& key, TimePoint now,
                                                        Random& random) {
  if (key.type == type_any) return {};
  std::erase_if(entries_, [now](const auto& entry) { return entry.second.until <= now; });
  auto entry = entries_.find(key);
  if (entry == entries_.end())
    entry = entries_.find({.name = key.name, .type = type_any, .klass = key.klass});
  if (entry == entries_.end()) return {};
  Found found = entry->second.found;
  const auto left = std::chrono::duration_cast<seconds>(entry->second.until - now).count();
  const auto ttl = static_cast<std::uint32_t>(std::max<std::int64_t>(1, left));
  for (auto* records : {&found.sections.answers, &found.sections.authorities, &found.sections.additionals})
    for (auto& record : *records) record.ttl = std::min(record.ttl, ttl);
  auto& answers = found.sections.answers;
  for (std::size_t i = answers.size(); i > 1; --i) std::swap(answers[i - 1], answers[random.below(i)]);
  return found;
}

}  // namespace hanglab::servers
