#include "replay/captured_workload.hh"

#include <fmt/format.h>

#include <algorithm>

#include "core/dns.hh"
#include "core/error.hh"

namespace hanglab::replay {

namespace {

bool asks(const CapturedLookup& lookup, std::uint16_t type) {
  return std::ranges::find(lookup.types, type) != lookup.types.end();
}

Family family_of(const CapturedLookup& lookup) {
  if (!asks(lookup, dns::type_aaaa)) return Family::inet;
  return asks(lookup, dns::type_a) ? Family::unspec : Family::inet6;
}

}  // namespace

bool can_be_replayed(const CapturedLookup& lookup) {
  return asks(lookup, dns::type_a) || asks(lookup, dns::type_aaaa);
}

Workload make_workload(std::span<const CapturedLookup> lookups,
                       const std::map<IpAddress, StandIn>& stand_ins) {
  Workload workload;
  if (lookups.empty()) return workload;
  const Duration origin = std::ranges::min(lookups, {}, &CapturedLookup::start).start;
  for (const auto& lookup : lookups) {
    const auto stand_in = stand_ins.find(lookup.client);
    if (stand_in == stand_ins.end())
      throw Error(fmt::format("no host stands for the captured client {}", to_string(lookup.client)));
    if (!can_be_replayed(lookup))
      throw Error(fmt::format("the captured lookup of {} asks for no addresses", lookup.name));
    workload.push_back({.host = stand_in->second.host,
                        .client = stand_in->second.client,
                        .call = stand_in->second.call,
                        .name = lookup.name,
                        .family = family_of(lookup),
                        .at = lookup.start - origin});
  }
  return workload;
}

}  // namespace hanglab::replay
