#include "models/netfilter/iptables.hh"

#include <optional>
#include <utility>
#include <vector>

#include "models/netfilter/conntrack.hh"
#include "models/netfilter/hashlimit.hh"
#include "models/netfilter/iptables_match.hh"
#include "models/netfilter/iptables_packet.hh"
#include "models/netfilter/iptables_parse.hh"
#include "models/netfilter/iptables_rules.hh"

namespace hanglab::kernel {

namespace {

constexpr Verdict accepted{.kind = Verdict::Kind::accept};
constexpr Verdict dropped{.kind = Verdict::Kind::drop};

// nf_reject_ipv4.c, nf_reject_ipv6.c, icmp_send() and icmp6_send(): what is dropped without a word although
// the rule says REJECT.
bool is_answered(const PacketHeaders& packet, RejectWith with) {
  constexpr std::uint32_t first_multicast = 0xe0000000;       // and above it, the broadcast address
  constexpr std::uint32_t first_ipv6_multicast = 0xff000000;  // of the first word
  const auto first = packet.version == IpVersion::v4 ? first_multicast : first_ipv6_multicast;
  if (packet.later_fragment() || packet.destination.words[0] >= first) return false;
  if (with == RejectWith::tcp_reset) {
    return packet.has_transport_header() && !(packet.tcp_flags() & tcp_flag::rst);
  }
  return !packet.is_icmp_error();
}

Verdict rejection(const PacketHeaders& packet, RejectWith with) {
  if (!is_answered(packet, with)) return dropped;
  return {.kind = Verdict::Kind::reject, .reject_with = with};
}

// The verdict of a chain's rules; nothing when the packet goes back to the chain that called. After a
// goto that is the caller's caller, which a plain `return` of the called chain's result gives.
std::optional<Verdict> walk(const RuleTable& table, const Chain& chain, MatchContext& context) {
  for (const Rule& rule : chain.rules) {
    const bool applied = applies(rule, context);
    if (context.malformed) return dropped;
    if (!applied) continue;
    switch (rule.target.kind) {
      case Target::Kind::none: break;
      case Target::Kind::accept: return accepted;
      case Target::Kind::drop: return dropped;
      case Target::Kind::reject: return rejection(context.packet, rule.target.reject_with);
      case Target::Kind::back: return {};
      case Target::Kind::go_to: return walk(table, table.chains[rule.target.chain], context);
      case Target::Kind::jump:
        if (const auto verdict = walk(table, table.chains[rule.target.chain], context)) return verdict;
        break;
    }
  }
  return {};
}

}  // namespace

Ruleset Ruleset::parse(std::string_view text, const Location& where, IpVersion version) {
  auto table = parse_filter_table(text, where, version);
  Ruleset rules;
  for (const Chain& chain : table.chains) {
    if (chain.policy_drop || !chain.rules.empty()) {
      rules.table_ = std::make_shared<const RuleTable>(std::move(table));
      break;
    }
  }
  return rules;
}

bool Ruleset::empty() const { return table_ == nullptr; }

struct Firewall::State {
  Ruleset rules;
  Random random;
  KernelTicks ticks;
  std::vector<std::uint32_t> counters;
  std::vector<HashlimitTable> hashlimits{};
  Conntrack conntrack{};
};

Firewall::Firewall(Ruleset rules, Random random, KernelTicks ticks) {
  if (rules.empty()) return;
  std::vector<std::uint32_t> counters(rules.table()->counters);
  state_ = std::make_unique<State>(State{std::move(rules), random, ticks, std::move(counters)});
  const auto hz = static_cast<int>(Duration(std::chrono::seconds(1)) / ticks.period);
  for (const HashlimitConfig& config : state_->rules.table()->hashlimits)
    state_->hashlimits.emplace_back(config, hz, state_->random);
}

Firewall::~Firewall() = default;
Firewall::Firewall(Firewall&&) noexcept = default;
Firewall& Firewall::operator=(Firewall&&) noexcept = default;

bool Firewall::tracks_connections() const { return state_ && state_->rules.table()->tracks_connections; }

Verdict Firewall::verdict(Hook hook, const PacketView& view, TimePoint now) {
  if (!state_) return accepted;
  const RuleTable& table = *state_->rules.table();
  const auto packet = read_packet(view.bytes);
  if (!packet || packet->version != table.version) return dropped;  // as ip_rcv() does with what is no packet

  const auto connection =
      table.tracks_connections ? state_->conntrack.track(*packet, now) : ConnectionState::untracked;
  MatchContext context{.packet = *packet,
                       .in_interface = view.in_interface,
                       .out_interface = view.out_interface,
                       .state = connection,
                       .random = state_->random,
                       .counters = state_->counters,
                       .hashlimits = state_->hashlimits,
                       .jiffies = (now.time_since_epoch() + state_->ticks.age) / state_->ticks.period};
  const Chain& base = table.chains[static_cast<std::size_t>(hook)];
  const auto verdict = walk(table, base, context).value_or(base.policy_drop ? dropped : accepted);

  if (table.tracks_connections) {
    if (verdict.kind == Verdict::Kind::accept) state_->conntrack.keep();
    if (verdict.kind == Verdict::Kind::reject) state_->conntrack.reject(*packet);
  }
  return verdict;
}

}  // namespace hanglab::kernel
