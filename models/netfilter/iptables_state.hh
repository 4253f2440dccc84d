// What rules keep from packet to packet, and which of them keep it together: a counter for each `statistic
// --mode nth`, a table for each name of a hashlimit, and connection tracking if some rule asks for it.
// Source: Linux net/netfilter/xt_hashlimit.c (htable_find_get, htable_create), xt_statistic.c.
#pragma once

#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

// A hashlimit table is made by the first rule that names it, lives as long as some rule does, and is taken as
// it is by the others: a rule about to be added counts as the table's first rule says.
void join_hashlimit(HashlimitMatch& added, const RuleTable& table);

// Numbers the state of all rules, once the table is whole.
void number_state(RuleTable& table);

}  // namespace hanglab::kernel
