// How the parts of a scenario are read, each from a tree whose shape is checked (schema.hh). Every
// reader throws InputError at the value that it cannot use.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenario/scenario.hh"
#include "scenario/value.hh"

namespace hanglab::scenario {

// What the file calls one host may be many: `count: 100` under "vm" makes vm-1 … vm-100.
struct HostGroup {
  std::string name;
  std::size_t first = 0;  // in Scenario::hosts
  std::size_t count = 1;
};
using HostGroups = std::vector<HostGroup>;

// `directory` is the scenario file's: paths in it are relative to that.
HostGroups read_hosts(const Value& hosts, const std::filesystem::path& directory, Scenario& scenario);
void read_bridges_and_links(const Value& root, const HostGroups& groups, Scenario& scenario);
Link read_link(const Value& link);  // without its ends and its name
void read_lookups(const Value& lookups, const HostGroups& groups, Scenario& scenario);

// A name of the file, "vm", or one copy of it, "vm-7".
HostGroup find_group(const std::string& name, const Location& where, const HostGroups& groups,
                     const Scenario& scenario);
void check_name(const std::string& name, std::string_view what, std::size_t most, const Location& where);

// The parts of one host.
std::vector<Interface> read_interfaces(const Value& interfaces);
void count_up(Interface& interface, std::size_t steps, const Value& value);
Kernel read_kernel(const Value& kernel);
void read_name_service(const Value& value, Host& host, std::vector<std::string>& warnings);
void read_routes(const Value& routes, Host& host);
std::vector<DnsServer> read_dns_servers(const Value& servers, const Host& host,
                                        const std::filesystem::path& directory);

}  // namespace hanglab::scenario
