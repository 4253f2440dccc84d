#include "models/netfilter/iptables_options.hh"

#include <utility>

namespace hanglab::kernel {

namespace {

using Kind = OwnOption::Kind;

constexpr OwnOption table[] = {
    {Kind::verb, 'A', {"--append"}},
    {Kind::verb, 'I', {"--insert"}, 1, 1},
    {Kind::verb, 'P', {"--policy"}, 2},
    {Kind::verb, 'N', {"--new-chain"}},
    {Kind::verb, 'F', {"--flush"}, 0, 1},
    {Kind::verb, 'X', {"--delete-chain"}, 0, 1},
    {Kind::verb, 'Z', {"--zero"}, 0, 2},
    {Kind::old_rules, 'D', {"--delete"}, 0},
    {Kind::old_rules, 'C', {"--check"}, 0},
    {Kind::old_rules, 'R', {"--replace"}, 0},
    {Kind::old_rules, 'E', {"--rename-chain"}, 0},
    {Kind::old_rules, 'L', {"--list"}, 0},
    {Kind::old_rules, 'S', {"--list-rules"}, 0},
    {Kind::ignored, 'w', {"--wait"}, 0, 1},
    {Kind::ignored, 'v', {"--verbose"}, 0},
    {Kind::ignored, '4', {"--ipv4"}, 0, 0, false, IpVersion::v4},
    {Kind::ignored, '6', {"--ipv6"}, 0, 0, false, IpVersion::v6},
    {Kind::ignored, 'c', {"--set-counters"}, 2},
    {Kind::table, 't', {"--table"}},
    {Kind::match, 'm', {"--match"}},
    {Kind::part, 's', {"--source", "--src"}, 1, 0, true},
    {Kind::part, 'd', {"--destination", "--dst"}, 1, 0, true},
    {Kind::part, 'p', {"--protocol", "--proto"}, 1, 0, true},
    {Kind::part, 'i', {"--in-interface"}, 1, 0, true},
    {Kind::part, 'o', {"--out-interface"}, 1, 0, true},
    {Kind::part, 'f', {"--fragments"}, 0, 0, true, IpVersion::v4},
    {Kind::part, 'j', {"--jump"}},
    {Kind::part, 'g', {"--goto"}},
};

constexpr std::pair<std::string_view, std::string_view> needs[] = {
    {"--dport", "-p tcp or -p udp"},
    {"--sport", "-p tcp or -p udp"},
    {"--tcp-flags", "-p tcp"},
    {"--syn", "-p tcp"},
    {"--icmp-type", "-p icmp"},
    {"--icmpv6-type", "-p icmpv6"},
    {"--dports", "-m multiport"},
    {"--sports", "-m multiport"},
    {"--ports", "-m multiport"},
    {"--length", "-m length"},
    {"--mode", "-m statistic"},
    {"--state", "-m state"},
    {"--ctstate", "-m conntrack"},
    {"--comment", "-m comment"},
    {"--reject-with", "-j REJECT"},
    {"--hashlimit-upto", "-m hashlimit"},
    {"--hashlimit-above", "-m hashlimit"},
    {"--hashlimit-name", "-m hashlimit"},
};

}  // namespace

bool OwnOption::is_short_for(std::string_view text) const {
  return text.size() == 2 && text[0] == '-' && text[1] == letter;
}

std::span<const OwnOption> own_options() { return table; }

std::string advice_on(std::string_view option) {
  for (const auto& [name, needed] : needs) {
    if (name == option) return "; it needs " + std::string(needed) + " before it";
  }
  return {};
}

}  // namespace hanglab::kernel
