// What Go's resolver makes of its host's files: resolv.conf by its own rules, not glibc's, the order in which
// nsswitch.conf lets it ask, the names to ask for, the addresses in /etc/hosts.
// Source: Go 1.19.8, net/dnsconfig_unix.go, conf.go, nss.go, hosts.go, dnsclient.go, and dnsclient_unix.go
// (nameList); what differs later is in go_dns.hh.
// Go reads a changed resolv.conf again after 5 s; nothing changes it during a lookup of the lab. Without a
// nameserver it would ask [::1] after 127.0.0.1, which is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/address.hh"
#include "core/time.hh"
#include "models/linux/nsswitch.hh"

namespace hanglab::resolvers::go {

struct Version;

struct Config {
  std::vector<Endpoint> servers{};
  std::vector<std::string> search{};           // each with its final dot
  std::size_t ndots = 1;                       // 0 to 15
  Duration timeout = std::chrono::seconds(5);  // at least 1 s; no upper bound
  int attempts = 2;                            // at least 1; no upper bound
  bool rotate = false;
  bool single_request = false;
  bool use_tcp = false;
  bool trust_ad = false;
  bool unknown_option = false;
};

Config read_config(std::string_view resolv_conf, std::string_view hostname, const Version& version);

enum class Order { files_dns, dns_files, files, dns };

Order lookup_order(const Config& config, const kernel::NssHosts& hosts, std::string_view name,
                   std::string_view hostname, const Version& version);

bool is_domain_name(std::string_view name);
// The names to try in turn, each with its final dot.
std::vector<std::string> name_list(const Config& config, const std::string& name, const Version& version);
std::vector<IpAddress> static_addresses(std::string_view etc_hosts, std::string_view name);

}  // namespace hanglab::resolvers::go
