// The options of `-m hashlimit`, as iptables takes them and the kernel then checks them. Rates in bytes and
// --hashlimit-rate-match are refused: the lab counts packets.
// Source: iptables 1.8.9 extensions/libxt_hashlimit.c; Linux net/netfilter/xt_hashlimit.c
// (hashlimit_mt_check_common, htable_create).
#pragma once

#include <optional>

#include "models/netfilter/iptables_extensions.hh"
#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

inline constexpr OptionSpec hashlimit_options[] = {
    {.name = "--hashlimit-upto", .alias = "--hashlimit", .invertible = true},
    {.name = "--hashlimit-above", .invertible = true},
    {.name = "--hashlimit-name"},
    {.name = "--hashlimit-burst"},
    {.name = "--hashlimit-mode"},
    {.name = "--hashlimit-srcmask"},
    {.name = "--hashlimit-dstmask"},
    {.name = "--hashlimit-htable-size"},
    {.name = "--hashlimit-htable-max"},
    {.name = "--hashlimit-htable-gcinterval"},
    {.name = "--hashlimit-htable-expire"},
    {.name = "--hashlimit-rate-match", .arguments = 0},
    {.name = "--hashlimit-rate-interval"},
};

std::optional<Match> build_hashlimit(const Given& given, IpVersion version);

}  // namespace hanglab::kernel
