// The match and target extensions: which options each one knows, and what it makes of those it was given.
// Source: iptables 1.8.9 extensions/lib{xt,ipt,ip6t}_*.c for what is accepted, and the checkentry functions
// of Linux net/netfilter/xt_*.c for what the kernel then refuses.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/netfilter/iptables_rules.hh"
#include "models/netfilter/iptables_words.hh"

namespace hanglab::kernel {

struct OptionSpec {
  std::string_view name;
  std::string_view alias{};  // the same option by another name
  std::size_t arguments = 1;
  bool invertible = false;
};

struct ExtensionSpec {
  std::string_view name;
  std::span<const OptionSpec> options{};
};

struct GivenOption {
  const OptionSpec* spec = nullptr;
  Word word;
  bool inverted = false;
  std::vector<Word> arguments{};
};

// An extension as a command line loads it, with the options that followed.
struct Given {
  const ExtensionSpec* spec = nullptr;
  Word word;
  std::vector<GivenOption> options{};

  const GivenOption* find(std::string_view name) const;
};

const ExtensionSpec* find_match(std::string_view name, IpVersion version);
const ExtensionSpec* find_target(std::string_view name);
std::string known_matches(IpVersion version);
std::string known_targets();

// Nothing if the match lets every packet through (comment). `protocol` is the rule's -p.
std::optional<Match> build_match(const Given& given, const ProtocolMatch& protocol, IpVersion version);
Target build_target(const Given& given, const ProtocolMatch& protocol, IpVersion version);

}  // namespace hanglab::kernel
