// Reads the filter table from text: iptables(8) or ip6tables(8) command lines, with or without that word, and
// what iptables-save(8) prints; both may follow each other. Throws InputError at the word that is wrong.
#pragma once

#include <string_view>

#include "core/address.hh"
#include "core/error.hh"
#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

RuleTable parse_filter_table(std::string_view text, const Location& where, IpVersion version);

}  // namespace hanglab::kernel
