#include "tests/groundtruth/case_scenario.hh"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "core/error.hh"

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

std::string error_name(int code) {
  switch (code) {
    case -2: return "EAI_NONAME";
    case -3: return "EAI_AGAIN";
    case -4: return "EAI_FAIL";
    case -5: return "EAI_NODATA";
    default: return fmt::format("EAI {}", code);
  }
}

// DNSError.Err: "lookup NAME on SERVER: read udp A->B: i/o timeout". The model names its last part.
std::string last_part(const std::string& error) { return error.substr(error.rfind(": ") + 2); }

// The program ran under strace, which stops it twice a call. In glibc-2.36--clean the 513 calls that sort
// 256 addresses took some 75 ms, and a round of 17 calls, four of which wait, 7 ms more than untraced; in
// go-1.19--clean the 1,536 calls for that took some 100 ms, 256 of which the model does not make.
std::string cpu(const json& measured) {
  if (!measured.value("traced", true)) return {};
  const bool is_go = measured["client"].get<std::string>().starts_with("go-");
  return fmt::format("    cpu: {{syscall: {}, wakeup: 600us}}\n", is_go ? "80us" : "150us");
}

Duration seconds(double value) { return Duration(std::llround(value * 1e9)); }

// What dig printed: the status of its answer and the records, or why there is none.
void read_dig(const std::string& output, std::string_view type, Case& result) {
  std::istringstream lines(output);
  std::string status;
  std::string failure = "no servers could be reached";
  std::size_t addresses = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto after = [&](std::string_view mark) {
      const auto at = line.rfind(mark);
      return at == std::string::npos ? std::string() : line.substr(at + mark.size());
    };
    if (line.starts_with(";; ->>HEADER<<-"))
      status = after("status: ").substr(0, after("status: ").find(','));
    if (line.starts_with(";; communications error to ")) failure = after(": ");
    if (line.starts_with(";; Connection to ") || line.starts_with(";; UDP setup with "))
      failure = after(" failed: ");
    if (!line.starts_with(';') && line.find(fmt::format("\tIN\t{}\t", type)) != std::string::npos)
      ++addresses;
  }
  if (failure.ends_with('.')) failure.pop_back();
  result.outcome = status == "NOERROR" ? Outcome::answered : Outcome::failed;
  if (status == "NOERROR") result.addresses = addresses;
  if (status != "NOERROR") result.error = status.empty() ? failure : status;
}

}  // namespace

Case read_case(const std::filesystem::path& folder, std::string_view link_delay) {
  std::ifstream file(folder / "case.json");
  if (!file) throw Error(fmt::format("{}: holds no case.json", folder.string()));
  const json measured = json::parse(file);
  const json& observed = measured["observed"];

  Case result{.name = measured["case"], .scenario = {}};
  std::string give_up = "600s";
  if (measured["client"].get<std::string>().starts_with("dig-")) {
    read_dig(observed["text"], measured["family"] == "AAAA only" ? "AAAA" : "A", result);
    result.duration = seconds(measured["observed_wall_seconds"]);
  } else if (observed.contains("text")) {
    // "TIMEOUT>300": the watchdog ended it after 300 s.
    const auto text = observed["text"].get<std::string>();
    const std::string limit = text.substr(text.find('>') + 1);
    give_up = limit + "s";
    result.outcome = Outcome::hung;
    result.duration = seconds(std::stod(limit));
  } else {
    result.outcome = observed["ok"] ? Outcome::answered : Outcome::failed;
    if (observed["ok"]) result.addresses = observed["n"].get<std::size_t>();
    if (!observed["ok"])
      result.error =
          observed["err"].is_string() ? last_part(observed["err"]) : error_name(observed["err"][0]);
    result.duration = seconds(observed["seconds"]);
  }

  // A veth pair: the other end sees a packet within microseconds, still inside the sender's system call.
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
      result.name, give_up, block("iptables", measured["hypervisor_rules"]),
      measured["dnsmasq_options"].get<std::string>(), host_file(), cpu(measured),
      sysctls(measured["vm_sysctls"]), resolv_conf(measured), measured.value("nsswitch_hosts", "files dns"),
      block("iptables", measured["vm_rules"]), link_delay, measured["client"].get<std::string>(),
      family(measured), measured["host_looked_up"].get<std::string>());
  result.scenario = scenario::parse(yaml, result.name + ".yaml");
  return result;
}

}  // namespace hanglab::tests
