#include "tests/groundtruth/case_scenario.hh"

#include <fmt/format.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/error.hh"
#include "records/measured_case.hh"

namespace hanglab::tests {

namespace {

using nlohmann::json;

// The host file of all cases.
std::string host_file() {
  std::string text;
  for (int i = 1; i < 256; ++i) text += fmt::format("          10.0.0.{} me.mydomain.net\n", i);
  text += "          10.0.1.0 me.mydomain.net\n";
  for (int i = 1; i < 4; ++i) text += fmt::format("          10.0.9.{} small.mydomain.net\n", i);
  for (int i = 1; i < 61; ++i) text += fmt::format("          10.0.8.{} mid.mydomain.net\n", i);
  return text;
}

std::string block(const char* key, const json& lines) {
  if (lines.empty()) return {};
  std::string text = fmt::format("    {}: |\n", key);
  for (const auto& line : lines) text += fmt::format("      {}\n", line.get<std::string>());
  return text;
}

// As `sysctl -w` one after the other: the last setting of a name holds.
std::string sysctls(const json& settings) {
  std::map<std::string, std::string> values;
  for (const auto& setting : settings) {
    const auto line = setting.get<std::string>();
    const auto equals = line.find('=');
    values[line.substr(0, equals)] = line.substr(equals + 1);
  }
  std::string text;
  for (const auto& [name, value] : values) text += fmt::format("      {}: {}\n", name, value);
  return text.empty() ? text : "    sysctls:\n" + text;
}

std::string resolv_conf(const json& measured) {
  std::string text = "    resolv.conf: |\n";
  for (const auto& server : measured["nameservers"])
    text += fmt::format("      nameserver {}\n", server.get<std::string>());
  const auto options = measured["resolv_conf_options"].get<std::string>();
  return options.empty() ? text : text + "      " + options + "\n";
}

std::string family(const json& measured) {
  const auto name = measured["family"].get<std::string>();
  if (name == "AF_UNSPEC") return "unspec";
  if (name == "AF_INET" || name == "A only") return "inet";
  if (name == "AAAA only") return "inet6";
  throw Error(fmt::format("{}: family {}", measured["case"].get<std::string>(), name));
}

// Most programs ran under strace, which stops them twice a call. In glibc-2.36--clean the 513 calls that sort
// 256 addresses took some 75 ms, and a round of 17 calls, four of which wait, 7 ms more than untraced; in
// cares-1.18--clean 768 such calls took some 80 ms, and in go-1.19--clean 1,536 took some 100 ms, 256 of
// which the model does not make.
std::string cpu(const json& measured) {
  if (!measured.value("traced", true)) return {};
  const auto client = measured["client"].get<std::string>();
  const char* syscall = client.starts_with("go-") ? "80us" : client == "cares-1.18" ? "100us" : "150us";
  return fmt::format("    cpu: {{syscall: {}, wakeup: 600us}}\n", syscall);
}

}  // namespace

Case read_case(const std::filesystem::path& folder, std::string_view link_delay) {
  Case result{.observed = records::read_measured_case(folder).lookup, .scenario = {}};
  std::ifstream file(folder / "case.json");
  const json measured = json::parse(file);
  const Lookup& observed = result.observed;
  const std::string give_up = observed.censored ? fmt::format("{}ns", observed.duration.count()) : "600s";

  const std::string yaml = fmt::format(
      "name: {}\n"
      "give_up: {}\n"
      "hosts:\n"
      "  hypervisor:\n"
      "    kernel: {{version: \"6.18\", hz: 250}}\n"
      "    interfaces:\n"
      "      virbr0: {{addresses: [192.168.122.1/24, 192.168.122.2/24]}}\n"
      "{}"
      "    dns:\n"
      "      - software: dnsmasq 2.90\n"
      "        options: --no-resolv --no-hosts --local=/mydomain.net/ {}\n"
      "        addn-hosts: |\n{}"
      "  vm:\n"
      "    kernel: {{version: \"6.18\", hz: 250}}\n"
      "{}"
      "    interfaces:\n"
      "      eth0: {{address: 192.168.122.119/24}}\n"
      "{}{}"
      "    nsswitch.conf: \"hosts: {}\"\n"
      "{}"
      "links:\n"
      "  - {{from: vm.eth0, to: hypervisor.virbr0, delay: {}, rate: 10Gbps}}\n"
      "lookups:\n"
      "  - {{host: vm, client: {}, family: {}, name: {}}}\n",
      observed.scenario, give_up, block("iptables", measured["hypervisor_rules"]),
      measured["dnsmasq_options"].get<std::string>(), host_file(), cpu(measured),
      sysctls(measured["vm_sysctls"]), resolv_conf(measured), measured.value("nsswitch_hosts", "files dns"),
      block("iptables", measured["vm_rules"]), link_delay, observed.client, family(measured), observed.name);
  result.scenario = scenario::parse(yaml, observed.scenario + ".yaml");
  return result;
}

}  // namespace hanglab::tests
