// The options that are iptables' own, apart from those of match and target extensions.
// Source: iptables(8); iptables 1.8.9 iptables/iptables.c.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/address.hh"

namespace hanglab::kernel {

struct OwnOption {
  enum class Kind {
    verb,       // what to do
    old_rules,  // a verb that needs rules to be there already
    ignored,    // changes no rule
    table,      // -t
    match,      // -m, the only part of a rule that may come twice
    part,       // of the rule
  } kind;
  char letter;
  std::array<std::string_view, 2> names;
  std::size_t arguments = 1;
  std::size_t optional_arguments = 0;
  bool invertible = false;
  std::optional<IpVersion> only{};  // of iptables or ip6tables alone

  bool is_of(IpVersion version) const { return !only || *only == version; }
  bool is_short_for(std::string_view text) const;  // "-A"
};

std::span<const OwnOption> own_options();

// What an unknown option would need, if it is one of the common ones: "; it needs -m length before it".
std::string advice_on(std::string_view option);

}  // namespace hanglab::kernel
