// Host files as dnsmasq reads them (addn-hosts, /etc/hosts): `address name name… # comment`, a line
// each. A line whose first word is no address, or a word that can be no host name, is skipped with
// the warning that dnsmasq logs. Source: dnsmasq 2.90, read_hostsfile() in src/cache.c and
// canonicalise() in src/util.c, which lets IDNA lower-case names that hold a capital letter.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"

namespace hanglab::servers {

struct HostLine {
  IpAddress address;
  std::vector<std::string> names;
};

// Where a text stands: `line` is the line of `file` that the text begins at.
struct HostText {
  std::string text;
  std::string file;
  int line = 1;
};

// Appends to `warnings` as `file:line: problem`.
std::vector<HostLine> read_hosts(const HostText& hosts, std::vector<std::string>& warnings);

}  // namespace hanglab::servers
