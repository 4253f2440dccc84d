#include "cli/programme.hh"

#include <map>
#include <set>
#include <string_view>

#include "scenario/software.hh"

namespace hanglab::cli {

using replay::CapturedLookup;
using sockets::DueLookup;

Programme::Programme(std::vector<CapturedLookup> lookups, const std::string& software,
                     const ServerOptions& server, const FrameOptions& pace)
    : lookups_(std::move(lookups)), runs_(pace.loops), pace_(pace.pace()) {
  std::map<IpAddress, replay::StandIn> stand_ins;
  for (const CapturedLookup& lookup : lookups_)
    stand_ins[lookup.client] = {
        .host = to_string(lookup.client), .client = software, .call = scenario::usual_call(software)};
  workload_ = replay::make_workload(lookups_, stand_ins);
  if (!server.source.empty()) give_addresses(server);
}

void Programme::give_addresses(const ServerOptions& server) {
  const SourceAddresses addresses(server.source, server.endpoint().address);
  std::map<IpAddress, IpAddress> own;
  for (const CapturedLookup& lookup : lookups_) {
    const auto [at, fresh] = own.try_emplace(lookup.client, addresses[own.size()]);
    sources_.push_back(at->second);
  }
  addresses.check(own.size());
}

std::optional<DueLookup> Programme::next() {
  if (index_ == workload_.size()) {
    if (++run_ == runs_) return {};
    index_ = 0;
    pace_.begin_again();
  }
  const Duration due = pace_.due(lookups_[index_].start, 0);
  if (index_ == 0) run_began_ = due;
  DueLookup lookup{.plan = &workload_[index_], .run = run_, .run_began = run_began_, .due = due};
  if (!sources_.empty()) lookup.source = sources_[index_];
  ++index_;
  return lookup;
}

std::size_t Programme::names() const {
  std::set<std::string_view> names;
  for (const PlannedLookup& lookup : workload_) names.insert(lookup.name);
  return names.size();
}

std::size_t Programme::index_of(std::uint64_t run, const PlannedLookup* plan) const {
  return run * workload_.size() + static_cast<std::size_t>(plan - workload_.data());
}

}  // namespace hanglab::cli
