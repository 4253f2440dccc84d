// How the real program is started that a scenario names as a DNS server: the files that it reads and its
// command line. It stays in the foreground, logs to stderr, stays root, answers at port 53 of the given
// addresses and asks nobody: no daemon, chroot, remote control, trust anchors or pid file. What the scenario
// says of it is handed over as it stands; the rest is put around it.
// Source: dnsmasq(8) 2.90, unbound.conf(5) 1.17, named(8) and named.conf(5) 9.18, systemd-resolved(8) 252.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/address.hh"
#include "scenario/scenario.hh"

namespace hanglab::scenario {

// What a host file is called among the files of its server; a zone file of BIND takes it in by
// `$INCLUDE addn-hosts`.
inline constexpr auto host_file_name = "addn-hosts";

struct Launch {
  struct File {
    std::string name;  // within the directory
    std::string text;
  };
  std::vector<File> files;
  std::vector<std::string> command;
};

// `directory`: where the files will be; absolute, without blanks or quotes. `addresses`: at least one.
Launch launch(const DnsServer& server, const std::vector<IpAddress>& addresses,
              const std::filesystem::path& directory);

}  // namespace hanglab::scenario
