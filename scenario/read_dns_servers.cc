#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "models/servers/faulty_options.hh"
#include "scenario/addressing.hh"
#include "scenario/read_file.hh"
#include "scenario/readers.hh"
#include "scenario/software.hh"

namespace hanglab::scenario {

namespace {

constexpr Ipv4Address resolved_address{.value = 0x7f000035};  // 127.0.0.53

std::vector<IpAddress> read_listen(const Value& listen, const Host& host) {
  std::vector<IpAddress> all;
  const auto take = [&](const Value& value) {
    const auto address = parse_ip(value.text);
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

// Keys that only some servers have, as `only` names them.
void refuse_for(const Value& value, const std::string& software, std::string_view only,
                std::initializer_list<const char*> keys) {
  for (const auto* key : keys)
    if (const auto* entry = value.entry(key))
      throw InputError(entry->where, fmt::format("{} has no '{}': that is for {}", software, key, only));
}

PlacedText read_text_file(const Value& path, const std::filesystem::path& directory) {
  const auto file = (directory / path.text).lexically_normal();
  return {.text = read_file(file, path.where, "cannot read " + file.string()),
          .where = {.file = file.string(), .line = 1, .column = 1}};
}

// A text that stands here, or in a file of its own.
std::optional<PlacedText> read_text(const Value& value, const std::string& key,
                                    const std::filesystem::path& directory) {
  const Value* inlined = value.find(key);
  const Value* path = value.find(key + "-file");
  if (inlined && path)
    throw InputError(path->where, fmt::format("either '{0}' or '{0}-file', not both", key));
  if (inlined) return PlacedText{.text = inlined->text, .where = inlined->text_where};
  if (path) return read_text_file(*path, directory);
  return {};
}

void read_zones(const Value& value, const std::filesystem::path& directory, DnsServer& server) {
  const auto add = [&server](const Entry& entry, PlacedText text) {
    if (!server.zones.emplace(entry.key, std::move(text)).second)
      throw InputError(entry.where, fmt::format("the zone file '{}' stands here twice", entry.key));
  };
  if (const Value* zones = value.find("zones"))
    for (const auto& entry : zones->entries)
      add(entry, {.text = entry.value.text, .where = entry.value.text_where});
  if (const Value* files = value.find("zone-files"))
    for (const auto& entry : files->entries) add(entry, read_text_file(entry.value, directory));
}

DnsServer read_server(const Value& value, const Host& host, const std::filesystem::path& directory) {
  const Value& software_value = *value.find("software");
  const auto software = read_server_software(software_value);
  DnsServer server{
      .software = software.name, .version = software.version, .software_at = software_value.where};
  const Value* listen = value.find("listen");
  if (server.software == "systemd-resolved")
    server.listen = {resolved_address};
  else if (listen)
    server.listen = read_listen(*listen, host);
  const bool takes_options = server.software == "dnsmasq" || server.software == "lab";
  if (takes_options)
    refuse_for(value, server.software, "unbound, bind and systemd-resolved", {"config", "config-file"});
  else
    refuse_for(value, server.software, "dnsmasq and lab", {"options"});
  if (server.software == "systemd-resolved")
    refuse_for(value, server.software, "servers that have data or choose where to listen",
               {"listen", "addn-hosts", "addn-hosts-file"});
  if (server.software != "bind") refuse_for(value, server.software, "bind", {"zones", "zone-files"});
  if (const auto* options = value.text_of("options")) server.options = *options;
  if (server.software == "lab") {
    const Value* options = value.find("options");
    servers::check_faulty_version(server.version, server.software_at);
    servers::parse_faulty_options(server.options, options ? options->text_where : server.software_at);
  }
  if (auto config = read_text(value, "config", directory))
    server.config = std::move(*config);
  else if (!takes_options)
    throw InputError(software_value.where, fmt::format("{} needs its 'config'", server.software));
  read_zones(value, directory, server);
  if (auto hosts = read_text(value, "addn-hosts", directory)) {
    server.host_file = std::move(hosts->text);
    server.host_file_name = hosts->where.file;
    server.host_file_line = hosts->where.line;
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
