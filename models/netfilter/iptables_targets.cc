#include "models/netfilter/iptables_extensions.hh"

#include <algorithm>
#include <array>

#include "models/netfilter/iptables_values.hh"

namespace hanglab::kernel {

namespace {

constexpr OptionSpec reject_options[] = {{.name = "--reject-with"}};
constexpr OptionSpec log_options[] = {
    {.name = "--log-level"},
    {.name = "--log-prefix"},
    {.name = "--log-tcp-sequence", .arguments = 0},
    {.name = "--log-tcp-options", .arguments = 0},
    {.name = "--log-ip-options", .arguments = 0},
    {.name = "--log-uid", .arguments = 0},
    {.name = "--log-macdecode", .arguments = 0},
};
constexpr OptionSpec nflog_options[] = {
    {.name = "--nflog-group"}, {.name = "--nflog-prefix"},    {.name = "--nflog-range"},
    {.name = "--nflog-size"},  {.name = "--nflog-threshold"},
};

constexpr ExtensionSpec target_extensions[] = {
    {"ACCEPT"},           {"DROP"},
    {"RETURN"},           {"REJECT", reject_options},
    {"LOG", log_options}, {"NFLOG", nflog_options},
};

void check_logging(const Given& given) {
  constexpr std::array<std::string_view, 10> levels{"alert", "crit",   "debug", "emerg",   "error",
                                                    "info",  "notice", "panic", "warning", "warn"};
  for (const auto& option : given.options) {
    const auto name = option.spec->name;
    if (name == "--nflog-group" || name == "--nflog-threshold") read_number(option.arguments[0], 0, 65535);
    if (name == "--nflog-size" || name == "--nflog-range") read_number(option.arguments[0], 0, 0xffffffff);
    if (name == "--log-level" && std::ranges::find(levels, option.arguments[0].text) == levels.end()) {
      read_number(option.arguments[0], 0, 7);
    }
  }
}

Target build_reject(const Given& given, const ProtocolMatch& protocol, IpVersion version) {
  Target target{.kind = Target::Kind::reject};
  if (version == IpVersion::v6) target.reject_with = RejectWith::icmp6_port_unreachable;
  const auto* option = given.find("--reject-with");
  if (!option) return target;
  target.reject_with = read_reject_type(option->arguments[0], version);
  const bool is_tcp = protocol.number == protocol::tcp && !protocol.inverted;
  if (target.reject_with == RejectWith::tcp_reset && !is_tcp) {
    fail(option->arguments[0], "tcp-reset needs -p tcp");
  }
  return target;
}

}  // namespace

const ExtensionSpec* find_target(std::string_view name) {
  const auto found = std::ranges::find(target_extensions, name, &ExtensionSpec::name);
  return found == std::end(target_extensions) ? nullptr : found;
}

std::string known_targets() {
  std::vector<std::string_view> names;
  for (const auto& extension : target_extensions) names.push_back(extension.name);
  return join(names);
}

Target build_target(const Given& given, const ProtocolMatch& protocol, IpVersion version) {
  const auto name = given.spec->name;
  if (name == "ACCEPT") return {.kind = Target::Kind::accept};
  if (name == "DROP") return {.kind = Target::Kind::drop};
  if (name == "RETURN") return {.kind = Target::Kind::back};
  if (name == "REJECT") return build_reject(given, protocol, version);
  check_logging(given);
  return {};
}

}  // namespace hanglab::kernel
