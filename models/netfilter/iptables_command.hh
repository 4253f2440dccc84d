// One iptables or ip6tables command line taken apart: its verb, its chain and the parts of its rule. Nothing
// here knows which chains there are. Source: iptables(8); iptables 1.8.9 iptables/xshared.c (do_parse).
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "models/netfilter/iptables_extensions.hh"
#include "models/netfilter/iptables_rules.hh"
#include "models/netfilter/iptables_words.hh"

namespace hanglab::kernel {

struct Command {
  char verb = 0;  // the letter of -A, -I, -P, -N, -F, -X, -Z
  Word word{};    // where the verb stands
  std::optional<Word> chain{};
  std::optional<Word> detail{};  // -I: the rule number; -P: the policy
  std::optional<Word> table{};   // of -t

  // The rule of -A and -I: every address of -s with every one of -d. Matches and target are built at the end,
  // when the protocol is known.
  Rule rule{};
  std::vector<AddressMatch> sources{{}}, destinations{{}};
  std::vector<Given> matches{};
  std::optional<Word> jump{};  // of -j or -g
  bool is_goto = false;
  std::optional<Given> target{};  // if `jump` names a target extension
  std::optional<Word> in_interface{}, out_interface{};
};

// `end` is the place to name when the line stops too early.
Command read_command(std::span<const Word> words, const Location& end, IpVersion version);

}  // namespace hanglab::kernel
