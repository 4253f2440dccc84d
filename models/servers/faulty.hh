// The lab's own DNS server that misbehaves as it is told (faulty_options.hh). What it answers, where it
// answers, is what dnsmasq 2.90 would from the same host file and --local=; its faults are
// its own. Questions of class CHAOS over UDP it always answers at once: they ask whether it runs. The same
// code is the program that `hanglab live` starts (faulty_dns/), so there is no other source.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/error.hh"
#include "models/servers/dns_server.hh"
#include "models/servers/hosts_file.hh"

namespace hanglab::servers {

struct FaultySetup {
  std::string version;    // "1"
  std::string options{};  // verbatim
  Location at{};          // for error messages
  HostText host_file{};
};

std::unique_ptr<DnsServer> make_faulty(const FaultySetup& setup, std::vector<std::string>& warnings);

}  // namespace hanglab::servers
