// Whom dnsmasq asks for a name that it does not know, and what it remembers of them. Of the domains of
// --server and --local the most particular one that holds the name decides; all --server of one domain are a
// group, and go before a --local of the same. The group is asked as a whole at first, then every 50
// questions, and after 20 s; in between, the one that answered last is asked alone.
// Source: dnsmasq 2.90, lookup_domain() in src/domain-match.c, forward_query() in src/forward.c.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "models/servers/dnsmasq_options.hh"

namespace hanglab::servers {

bool is_in_domain(std::string_view name, std::string_view domain);

struct UpstreamGroup {
  std::string domain{};                // empty: every name
  std::vector<Ipv4Address> servers{};  // empty: names of the domain are answered from here alone
};

class UpstreamGroups {
 public:
  explicit UpstreamGroups(const DnsmasqOptions& options);

  std::size_t size() const { return groups_.size(); }
  const UpstreamGroup& operator[](std::size_t group) const { return groups_[group]; }
  std::optional<std::size_t> group_of(std::string_view name) const;

 private:
  UpstreamGroup& of_domain(const std::string& domain);

  std::vector<UpstreamGroup> groups_;
};

// dnsmasq counts in whole seconds (time(2)).
using Seconds = std::int64_t;

struct GroupMemory {
  std::optional<std::size_t> last_answered{};  // by a server of the group, with anything but REFUSED
  int since_all = 0;                           // questions, since all were asked
  std::optional<Seconds> all_asked_at{};

  // Whether the next question goes to all; it counts.
  bool ask_all(Seconds now);
  void answered(std::size_t server, bool refused);
};

}  // namespace hanglab::servers
