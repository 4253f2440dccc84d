// Whether chains call each other in a circle that a packet could enter, which the kernel refuses (ELOOP).
// Source: Linux net/ipv4/netfilter/ip_tables.c (mark_source_chains).
#pragma once

#include <string>

#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

// "A -> B -> A", or nothing. A circle that no base chain leads to is none.
std::string find_loop(const RuleTable& table);

}  // namespace hanglab::kernel
