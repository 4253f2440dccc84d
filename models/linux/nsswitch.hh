// The `hosts:` line of nsswitch.conf(5): which services are asked in which order, and what each
// status does. Defaults and grammar: glibc nss/nsswitch.c, nss/nss_action_parse.c (2.28 to 2.36).
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hh"

namespace hanglab::kernel {

enum class NssStatus { tryagain, unavail, notfound, success };
enum class NssAction { go_on, stop, merge };  // nsswitch's continue, return, merge

struct NssService {
  std::string name;  // "files", "dns", "myhostname"
  // Indexed by NssStatus. By default success stops and everything else goes on.
  std::array<NssAction, 4> actions{NssAction::go_on, NssAction::go_on, NssAction::go_on, NssAction::stop};

  NssAction on(NssStatus status) const { return actions[static_cast<std::size_t>(status)]; }
  bool operator==(const NssService&) const = default;
};

using NssHosts = std::vector<NssService>;

// Takes "hosts: files dns [!UNAVAIL=return] myhostname", with or without "hosts:". Throws InputError
// at `where`, its column moved on to the offending word.
NssHosts parse_nss_hosts(std::string_view line, const Location& where);

}  // namespace hanglab::kernel
