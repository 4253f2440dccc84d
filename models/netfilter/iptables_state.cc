#include "models/netfilter/iptables_state.hh"

#include <algorithm>

namespace hanglab::kernel {

void join_hashlimit(HashlimitMatch& added, const RuleTable& table) {
  for (const Chain& chain : table.chains) {
    for (const Rule& rule : chain.rules) {
      for (const Match& match : rule.matches) {
        const auto* other = std::get_if<HashlimitMatch>(&match);
        if (other && other->name == added.name) added.config = other->config;
      }
    }
  }
}

void number_state(RuleTable& table) {
  std::vector<std::string> names;  // of the hashlimit tables, each at its number
  const auto number = [&](Match& match) {
    if (auto* nth = std::get_if<NthMatch>(&match)) nth->counter = table.counters++;
    if (std::holds_alternative<StateMatch>(match)) table.tracks_connections = true;
    if (auto* limit = std::get_if<HashlimitMatch>(&match)) {
      const auto known = std::ranges::find(names, limit->name);
      limit->table = static_cast<std::size_t>(known - names.begin());
      if (known != names.end()) return;
      names.push_back(limit->name);
      table.hashlimits.push_back(limit->config);
    }
  };
  for (Chain& chain : table.chains) {
    for (Rule& rule : chain.rules) std::ranges::for_each(rule.matches, number);
  }
}

}  // namespace hanglab::kernel
