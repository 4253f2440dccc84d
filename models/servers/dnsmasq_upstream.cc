#include "models/servers/dnsmasq_upstream.hh"

#include <algorithm>

namespace hanglab::servers {

namespace {

// src/config.h
constexpr int questions_between = 50;  // FORWARD_TEST
constexpr Seconds time_between = 20;   // FORWARD_TIME

}  // namespace

bool is_in_domain(std::string_view name, std::string_view domain) {
  return name.ends_with(domain) &&
         (domain.empty() || name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.');
}

UpstreamGroups::UpstreamGroups(const DnsmasqOptions& options) {
  for (const auto& server : options.servers) of_domain(server.domain).servers.push_back(server.address);
  for (const auto& domain : options.local) of_domain(domain);
  std::ranges::stable_sort(groups_, std::ranges::greater{},
                           [](const auto& group) { return group.domain.size(); });
}

UpstreamGroup& UpstreamGroups::of_domain(const std::string& domain) {
  const auto known = std::ranges::find(groups_, domain, &UpstreamGroup::domain);
  return known != groups_.end() ? *known : groups_.emplace_back(UpstreamGroup{.domain = domain});
}

std::optional<std::size_t> UpstreamGroups::group_of(std::string_view name) const {
  for (std::size_t i = 0; i < groups_.size(); ++i)
    if (is_in_domain(name, groups_[i].domain)) return i;
  return {};
}

bool GroupMemory::ask_all(Seconds now) {
  const bool all = since_all++ > questions_between || !all_asked_at || now - *all_asked_at > time_between ||
                   !last_answered;
  if (all) {
    all_asked_at = now;
    since_all = 0;
  }
  return all;
}

void GroupMemory::answered(std::size_t server, bool refused) {
  if (!refused)
    last_answered = server;
  else if (last_answered == server)
    last_answered.reset();
}

}  // namespace hanglab::servers
