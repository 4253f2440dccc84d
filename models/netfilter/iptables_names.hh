// The names that iptables' arguments may use for numbers.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

template <typename Value>
struct Named {
  std::string_view name;
  Value value;
};

enum class Over : std::uint8_t { tcp = 1, udp = 2, both = 3 };

struct Service {
  std::string_view name;
  std::uint16_t port;
  Over over;
};

std::span<const Service> services();
std::span<const Named<std::uint8_t>> protocols();
std::span<const Named<std::uint8_t>> tcp_flag_names();
std::span<const Named<IcmpMatch>> icmp_types(IpVersion version);
std::span<const Named<unsigned>> connection_states();
std::span<const Named<RejectWith>> reject_types(IpVersion version);

}  // namespace hanglab::kernel
