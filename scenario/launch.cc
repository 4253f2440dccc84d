#include "scenario/launch.hh"

#include <fmt/format.h>

#include <sstream>

#include "models/servers/host_data.hh"
#include "models/servers/named_conf.hh"

namespace hanglab::scenario {

namespace {

// Lines that no server would read are known to the simulation, which warns of them.
std::vector<servers::HostLine> hosts_of(const DnsServer& server) {
  std::vector<std::string> warnings;
  return servers::read_hosts(
      {.text = server.host_file, .file = server.host_file_name, .line = server.host_file_line}, warnings);
}

// An empty --user=: it becomes nobody else, which a user namespace would not let it.
Launch launch_dnsmasq(const DnsServer& server, const std::vector<IpAddress>& addresses,
                      const std::filesystem::path& directory) {
  Launch launch{.files = {{.name = host_file_name, .text = server.host_file}},
                .command = {"dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--log-facility=-",
                            "--pid-file=", "--user=", "--bind-interfaces"}};
  for (const IpAddress& address : addresses)
    launch.command.push_back("--listen-address=" + to_string(address));
  std::istringstream options(server.options);
  for (std::string option; options >> option;)
    if (option != "dnsmasq") launch.command.push_back(option);
  launch.command.push_back(fmt::format("--addn-hosts={}", (directory / host_file_name).string()));
  return launch;
}

Launch launch_unbound(const DnsServer& server, const std::vector<IpAddress>& addresses,
                      const std::filesystem::path& directory) {
  constexpr auto own = "unbound.conf";
  constexpr auto given = "scenario.conf";
  std::string text = fmt::format(
      "server:\n"
      "  directory: \"{}\"\n"
      "  do-daemonize: no\n"
      "  use-syslog: no\n"
      "  logfile: \"\"\n"
      "  chroot: \"\"\n"
      "  username: \"\"\n"
      "  pidfile: \"\"\n"
      "  module-config: \"iterator\"\n"
      "  port: 53\n",
      directory.string());
  for (const IpAddress& address : addresses) text += fmt::format("  interface: {}\n", to_string(address));
  text += "remote-control:\n  control-enable: no\n";
  for (const auto* name : {given, host_file_name})
    text += fmt::format("include: \"{}\"\n", (directory / name).string());
  return {.files = {{.name = own, .text = text},
                    {.name = given, .text = server.config.text},
                    {.name = host_file_name, .text = servers::unbound_local_data(hosts_of(server))}},
          .command = {"unbound", "-d", "-p", "-c", (directory / own).string()}};
}

// named reads one block of options: what the lab says goes into the scenario's.
Launch launch_bind(const DnsServer& server, const std::vector<IpAddress>& addresses,
                   const std::filesystem::path& directory) {
  constexpr auto own = "named.conf";
  std::string listen, listen_v6;
  for (const IpAddress& address : addresses)
    (is_ipv6(address) ? listen_v6 : listen) += fmt::format(" {};", to_string(address));
  if (listen.empty()) listen = " none;";
  listen_v6 = listen_v6.empty() ? "{ none; }" : fmt::format("port 53 {{{} }}", listen_v6);
  const auto conf = servers::parse_named_conf({.text = server.config.text, .where = server.config.where});
  std::string text = server.config.text;
  text.insert(conf.options_begin, fmt::format("\n  directory \"{}\";\n"
                                              "  pid-file none;\n"
                                              "  session-keyfile none;\n"
                                              "  listen-on port 53 {{{} }};\n"
                                              "  listen-on-v6 {};\n",
                                              directory.string(), listen, listen_v6));
  Launch launch{.files = {{.name = own, .text = text + "\ncontrols { };\n"}},
                .command = {"named", "-g", "-c", (directory / own).string()}};
  for (const auto& [name, zone] : server.zones) launch.files.push_back({.name = name, .text = zone.text});
  launch.files.push_back({.name = host_file_name, .text = servers::zone_records(hosts_of(server))});
  return launch;
}

// It reads /etc/systemd alone, insists on a user of its own and leaves files in /run/systemd: all in a mount
// namespace, so that one host's is not another's.
Launch launch_resolved(const DnsServer& server, const std::filesystem::path& directory) {
  constexpr auto own = "resolved.conf";
  constexpr auto script =
      "mount -t tmpfs tmpfs /run/systemd\n"
      "mkdir /run/systemd/etc /run/systemd/resolve\n"
      "cp -P /etc/* /run/systemd/etc/\n"
      "rm -rf /run/systemd/etc/systemd\n"
      "mkdir /run/systemd/etc/systemd\n"
      "cp \"$0\" /run/systemd/etc/systemd/\n"
      "echo 'systemd-resolve:x:0:0::/:/bin/false' >> /run/systemd/etc/passwd\n"
      "echo 'systemd-resolve:x:0:' >> /run/systemd/etc/group\n"
      "mount --bind /run/systemd/etc /etc\n"
      "PATH=$PATH:/lib/systemd:/usr/lib/systemd SYSTEMD_LOG_TARGET=console exec systemd-resolved\n";
  return {.files = {{.name = own, .text = server.config.text}},
          .command = {"sh", "-ec", "mkdir -p /run/systemd; exec unshare --mount sh -ec \"$1\" \"$0\"",
                      (directory / own).string(), script}};
}

// The lab's own server, which is installed beside the lab itself.
Launch launch_lab(const DnsServer& server, const std::vector<IpAddress>& addresses,
                  const std::filesystem::path& directory) {
  const auto here = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  Launch launch{.files = {{.name = host_file_name, .text = server.host_file}},
                .command = {(here / "hanglab-faulty-dns").string(), (directory / host_file_name).string(),
                            server.options}};
  for (const IpAddress& address : addresses) launch.command.push_back(to_string(address));
  return launch;
}

}  // namespace

Launch launch(const DnsServer& server, const std::vector<IpAddress>& addresses,
              const std::filesystem::path& directory) {
  if (server.software == "unbound") return launch_unbound(server, addresses, directory);
  if (server.software == "systemd-resolved") return launch_resolved(server, directory);
  if (server.software == "lab") return launch_lab(server, addresses, directory);
  if (server.software == "bind") return launch_bind(server, addresses, directory);
  return launch_dnsmasq(server, addresses, directory);
}

}  // namespace hanglab::scenario
