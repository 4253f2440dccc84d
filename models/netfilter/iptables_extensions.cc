#include "models/netfilter/iptables_extensions.hh"

#include <algorithm>
#include <array>

#include "models/netfilter/iptables_hashlimit.hh"
#include "models/netfilter/iptables_packet.hh"
#include "models/netfilter/iptables_values.hh"

namespace hanglab::kernel {

namespace {

// What a match is built for, besides its options.
struct For {
  const ProtocolMatch& protocol;
  IpVersion version;
};

using Protocol = ProtocolMatch;
constexpr std::size_t longest_comment = 255;

constexpr OptionSpec tcp_options[] = {
    {.name = "--source-port", .alias = "--sport", .invertible = true},
    {.name = "--destination-port", .alias = "--dport", .invertible = true},
    {.name = "--tcp-flags", .arguments = 2, .invertible = true},
    {.name = "--syn", .arguments = 0, .invertible = true},
};
constexpr auto udp_options = std::span(tcp_options).first<2>();
constexpr OptionSpec icmp_options[] = {{.name = "--icmp-type", .invertible = true}};
constexpr OptionSpec icmpv6_options[] = {{.name = "--icmpv6-type", .invertible = true}};
constexpr OptionSpec multiport_options[] = {
    {.name = "--source-ports", .alias = "--sports", .invertible = true},
    {.name = "--destination-ports", .alias = "--dports", .invertible = true},
    {.name = "--ports", .invertible = true},
};
constexpr OptionSpec length_options[] = {{.name = "--length", .invertible = true}};
constexpr OptionSpec statistic_options[] = {
    {.name = "--mode"},
    {.name = "--probability", .invertible = true},
    {.name = "--every", .invertible = true},
    {.name = "--packet"},
};
constexpr OptionSpec state_options[] = {{.name = "--state", .invertible = true}};
constexpr OptionSpec conntrack_options[] = {{.name = "--ctstate", .invertible = true}};
constexpr OptionSpec comment_options[] = {{.name = "--comment"}};
// The option that this match makes no sense without.
const GivenOption& required(const Given& given, std::string_view name) {
  if (const auto* option = given.find(name)) return *option;
  fail(given.word, "'" + std::string(given.spec->name) + "' needs " + std::string(name));
}

void require_protocol(const Given& given, const Protocol& protocol, std::uint8_t number, const char* name) {
  if (protocol.number == number && !protocol.inverted) return;
  fail(given.word, "'" + std::string(given.spec->name) + "' needs -p " + name);
}

PortMatch ports(const Given& given, std::string_view name, std::uint8_t over) {
  const auto* option = given.find(name);
  if (!option) return {};
  auto match = read_ports(option->arguments[0], over);
  match.inverted = option->inverted;
  return match;
}

std::optional<Match> build_tcp(const Given& given, const For& rule) {
  require_protocol(given, rule.protocol, protocol::tcp, "tcp");
  TcpMatch match{.source = ports(given, "--source-port", protocol::tcp),
                 .destination = ports(given, "--destination-port", protocol::tcp)};
  const auto* flags = given.find("--tcp-flags");
  const auto* syn = given.find("--syn");
  if (flags && syn) fail(syn->word, "--syn and --tcp-flags exclude each other");
  if (flags) {
    match.flag_mask = read_tcp_flags(flags->arguments[0]);
    match.flag_value = read_tcp_flags(flags->arguments[1]);
    match.flags_inverted = flags->inverted;
  }
  if (syn) {
    match.flag_mask = tcp_flag::syn | tcp_flag::rst | tcp_flag::ack | tcp_flag::fin;
    match.flag_value = tcp_flag::syn;
    match.flags_inverted = syn->inverted;
  }
  return match;
}

std::optional<Match> build_udp(const Given& given, const For& rule) {
  require_protocol(given, rule.protocol, protocol::udp, "udp");
  return UdpMatch{.source = ports(given, "--source-port", protocol::udp),
                  .destination = ports(given, "--destination-port", protocol::udp)};
}

std::optional<Match> build_icmp(const Given& given, const For& rule) {
  const bool v4 = rule.version == IpVersion::v4;
  require_protocol(given, rule.protocol, v4 ? protocol::icmp : protocol::icmpv6, v4 ? "icmp" : "icmpv6");
  const auto& option = required(given, v4 ? "--icmp-type" : "--icmpv6-type");
  auto match = read_icmp_type(option.arguments[0], rule.version);
  match.inverted = option.inverted;
  return match;
}

std::optional<Match> build_multiport(const Given& given, const For& rule) {
  const Protocol& protocol = rule.protocol;
  constexpr std::array<std::uint8_t, 5> with_ports{protocol::tcp, protocol::udp, 33, 132, 136};
  if (protocol.inverted || std::ranges::find(with_ports, protocol.number) == with_ports.end()) {
    fail(given.word, "'multiport' needs -p tcp, udp, udplite, sctp or dccp");
  }
  if (given.options.empty()) fail(given.word, "'multiport' needs --sports, --dports or --ports");
  if (given.options.size() > 1) {
    fail(given.options[1].word, "a multiport takes one of --sports, --dports and --ports");
  }
  const auto& option = given.options.front();
  using Side = MultiportMatch::Side;
  MultiportMatch match{.side = Side::either,
                       .ports = read_port_list(option.arguments[0], protocol.number),
                       .inverted = option.inverted};
  if (option.spec->name == "--source-ports") match.side = Side::source;
  if (option.spec->name == "--destination-ports") match.side = Side::destination;
  return match;
}

std::optional<Match> build_length(const Given& given, const For&) {
  const auto& option = required(given, "--length");
  auto match = read_length(option.arguments[0]);
  match.inverted = option.inverted;
  return match;
}

void refuse(const Given& given, std::string_view name, const std::string& mode) {
  if (const auto* option = given.find(name)) {
    fail(option->word, std::string(name) + " has no meaning in --mode " + mode);
  }
}

std::optional<Match> build_statistic(const Given& given, const For&) {
  const Word& mode = required(given, "--mode").arguments[0];
  if (mode.text == "random") {
    refuse(given, "--every", mode.text);
    refuse(given, "--packet", mode.text);
    const auto& option = required(given, "--probability");
    return RandomMatch{.probability = read_probability(option.arguments[0]), .inverted = option.inverted};
  }
  if (mode.text == "nth") {
    refuse(given, "--probability", mode.text);
    const auto& every = required(given, "--every");
    NthMatch match{.every = read_number(every.arguments[0], 1, 0xffffffff), .inverted = every.inverted};
    match.packet = read_number(required(given, "--packet").arguments[0], 0, match.every - 1);
    return match;
  }
  fail(mode, "no mode '" + mode.text + "'; there are random and nth");
}

Match build_states(const Given& given, std::string_view name) {
  const auto& option = required(given, name);
  return StateMatch{.states = read_states(option.arguments[0]), .inverted = option.inverted};
}

std::optional<Match> build_state(const Given& given, const For&) { return build_states(given, "--state"); }
std::optional<Match> build_conntrack(const Given& given, const For&) {
  return build_states(given, "--ctstate");
}

std::optional<Match> build_limit(const Given& given, const For& rule) {
  return build_hashlimit(given, rule.version);
}

std::optional<Match> build_comment(const Given& given, const For&) {
  const Word& comment = required(given, "--comment").arguments[0];
  if (comment.text.size() > longest_comment) fail(comment, "a comment holds at most 255 characters");
  return {};
}

struct MatchExtension {
  ExtensionSpec spec;
  std::optional<Match> (*build)(const Given&, const For&);
  std::optional<IpVersion> only{};  // of iptables or ip6tables alone

  bool is_of(IpVersion version) const { return !only || *only == version; }
};

constexpr MatchExtension match_extensions[] = {
    {{"tcp", tcp_options}, build_tcp},
    {{"udp", udp_options}, build_udp},
    {{"icmp", icmp_options}, build_icmp, IpVersion::v4},
    {{"icmp6", icmpv6_options}, build_icmp, IpVersion::v6},
    {{"multiport", multiport_options}, build_multiport},
    {{"length", length_options}, build_length},
    {{"statistic", statistic_options}, build_statistic},
    {{"state", state_options}, build_state},
    {{"conntrack", conntrack_options}, build_conntrack},
    {{"comment", comment_options}, build_comment},
    {{"hashlimit", hashlimit_options}, build_limit},
};

}  // namespace

const GivenOption* Given::find(std::string_view name) const {
  const auto found =
      std::ranges::find_if(options, [&](const auto& option) { return option.spec->name == name; });
  return found == options.end() ? nullptr : &*found;
}

const ExtensionSpec* find_match(std::string_view name, IpVersion version) {
  if (version == IpVersion::v6 && (name == "icmpv6" || name == "ipv6-icmp")) name = "icmp6";
  const auto found = std::ranges::find_if(
      match_extensions, [&](const auto& one) { return one.is_of(version) && one.spec.name == name; });
  return found == std::end(match_extensions) ? nullptr : &found->spec;
}

std::string known_matches(IpVersion version) {
  std::vector<std::string_view> names;
  for (const auto& extension : match_extensions)
    if (extension.is_of(version)) names.push_back(extension.spec.name);
  return join(names);
}

std::optional<Match> build_match(const Given& given, const ProtocolMatch& protocol, IpVersion version) {
  const auto extension =
      std::ranges::find_if(match_extensions, [&](const auto& one) { return &one.spec == given.spec; });
  return extension->build(given, {.protocol = protocol, .version = version});
}

}  // namespace hanglab::kernel
