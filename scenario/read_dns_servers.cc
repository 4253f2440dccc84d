#include <algorithm>

#include <fmt/format.h>

#include "scenario/addressing.hh"
#include "scenario/read_file.hh"
#include "scenario/readers.hh"
#include "scenario/software.hh"

namespace hanglab::scenario {

namespace {

bool is_loopback(Ipv4Address address) { return address.value >> 24 == 127; }

std::vector<Ipv4Address> read_listen(const Value& listen, const Host& host) {
  std::vector<Ipv4Address> all;
  const auto take = [&](const Value& value) {
    const auto address = parse_ipv4(value.text);
    if (!address) throw InputError(value.where, fmt::format("bad address '{}' to listen on", value.text));
    if (!is_loopback(*address) && !owns(host, *address))
      throw InputError(value.where, fmt::format("{} has no address {} to listen on", host.name, value.text));
    all.push_back(*address);
  };
  if (listen.kind == Value::Kind::text) take(listen);
  for (const auto& value : listen.items) take(value);
  if (all.empty())
    throw InputError(listen.where, "no address to listen on; leave 'listen' out for all of them");
  return all;
}

DnsServer read_server(const Value& value, const Host& host, const std::filesystem::path& directory) {
  const auto software = read_server_software(*value.find("software"));
  DnsServer server{.software = software.name, .version = software.version};
  if (const Value* listen = value.find("listen")) server.listen = read_listen(*listen, host);
  if (const auto* options = value.text_of("options")) server.options = *options;

  const Value* inlined = value.find("addn-hosts");
  const Value* path = value.find("addn-hosts-file");
  if (inlined && path)
    throw InputError(path->where,
                     "either 'addn-hosts' or 'addn-hosts-file': a server reads one host file here");
  if (inlined) {
    server.host_file = inlined->text;
    server.host_file_name = inlined->text_where.file;
    server.host_file_line = inlined->text_where.line;
  } else if (path) {
    const auto file = (directory / path->text).lexically_normal();
    server.host_file = read_file(file, path->where, "cannot read " + file.string());
    server.host_file_name = file.string();
  }
  return server;
}

bool share_an_address(const DnsServer& a, const DnsServer& b) {
  if (a.listen.empty() || b.listen.empty()) return true;
  return std::ranges::find_first_of(a.listen, b.listen) != a.listen.end();
}

}  // namespace

std::vector<DnsServer> read_dns_servers(const Value& servers, const Host& host,
                                        const std::filesystem::path& directory) {
  std::vector<DnsServer> all;
  for (const auto& value : servers.items) {
    auto server = read_server(value, host, directory);
    for (const auto& other : all)
      if (share_an_address(server, other))
        throw InputError(value.where,
                         fmt::format("two DNS servers of {} would listen on one address; give each "
                                     "its own with 'listen'",
                                     host.name));
    all.push_back(std::move(server));
  }
  return all;
}

}  // namespace hanglab::scenario
