#include "cli/inject_frames.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <deque>
#include <limits>
#include <map>
#include "cli/captured_record.hh"
#include "cli/captured_words.hh"
#include "cli/injected_packets.hh"
#include "cli/interrupt.hh"
#include "cli/replay_table.hh"
#include "cli/selected_frames.hh"
#include "cli/tap_lookups.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "replay/capture_lookups.hh"
#include "replay/read/kept_input.hh"
#include "replay/send/address_map.hh"
#include "sim/world.hh"

namespace hanglab::cli {

namespace {

using replay::CapturedLookup;

// "192.0.2.7=vm" as "192.0.2.7=192.168.122.119".
std::string with_address(const scenario::Scenario& scenario, const std::string& map) {
  const auto equals = map.find('=');
  if (equals == std::string::npos) return map;  // refused where it is read
  const auto host = scenario.host_index(map.substr(equals + 1));
  const auto from = parse_ip(map.substr(0, equals));
  if (!host || !from) return map;
  for (const auto& interface : scenario.hosts[*host].interfaces)
    for (const IpAddress& address : interface.addresses())
      if (is_ipv6(address) == is_ipv6(*from)) return map.substr(0, equals + 1) + to_string(address);
  throw InputError(fmt::format("--map {}: host '{}' has no {} address", map, map.substr(equals + 1),
                               is_ipv6(*from) ? "IPv6" : "IPv4"));
}

replay::RewriteRules rewriting(const scenario::Scenario& scenario, FrameOptions options) {
  for (std::string& map : options.maps) map = with_address(scenario, map);
  auto rules = options.rewriting();
  rules.only_clients = true;  // the servers are the scenario's
  rules.next_hop = [](auto&&) {
    return replay::MacAddress{};
  };  // a link layer has only who cannot do without
  rules.mtu = std::numeric_limits<std::size_t>::max();
  for (const auto& host : scenario.hosts)
    for (const auto& interface : host.interfaces) rules.mtu = std::min<std::size_t>(rules.mtu, interface.mtu);
  return rules;
}

struct Injection {
  sim::World::Injected counts{};
  Duration end{};  // when lookups that had not ended were given up
  RunResult result{};
};

Injection inject(sim::World& world, InjectedPackets& packets, TapLookups& taps, std::uint64_t seed,
                 Duration give_up, bool keep) {
  Injection injection;
  const auto next = [&](PacketEvent& packet) {
    if (!packets.next(packet)) return false;
    injection.end = packet.at + give_up;
    return true;
  };
  injection.counts = world.inject(seed, 0, next, [&](PacketEvent packet) {
    taps.add(packet);
    if (keep) injection.result.packets.push_back(std::move(packet));
  });
  return injection;
}

std::vector<Lookup> records_of(std::span<const TapLookup> replayed, const scenario::Scenario& scenario,
                               std::uint64_t seed) {
  std::vector<Lookup> records;
  for (const TapLookup& found : replayed) {
    records.push_back(to_record(found.lookup, scenario.name, Duration(0)));
    records.back().host = scenario.hosts[found.host].name;
    records.back().seed = seed;
  }
  return records;
}

// The lookups of each client for each name, in the order of their beginnings.
class ByClientAndName {
 public:
  explicit ByClientAndName(std::span<const TapLookup> lookups) : left_(lookups.size()) {
    for (const TapLookup& one : lookups)
      lookups_[{one.lookup.client, lowered(one.lookup.name)}].push_back(&one.lookup);
  }

  // Each once; nullptr where there is none any more.
  const CapturedLookup* take(const IpAddress& client, const std::string& name) {
    const auto found = lookups_.find({client, lowered(name)});
    if (found == lookups_.end() || found->second.empty()) return nullptr;
    const CapturedLookup* first = found->second.front();
    found->second.pop_front();
    --left_;
    return first;
  }
  std::size_t left() const { return left_; }

 private:
  static std::string lowered(std::string name) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    return name;
  }

  std::map<std::pair<IpAddress, std::string>, std::deque<const CapturedLookup*>> lookups_{};
  std::size_t left_;
};

// Each captured lookup beside the replayed one.
std::string table(const replay::CaptureContents& captured, std::span<const TapLookup> replayed,
                  Duration replay_end, const std::vector<replay::AddressMap>& maps) {
  ByClientAndName lookups(replayed);
  std::string text;
  for (const CapturedLookup& before : captured.lookups) {
    const auto* after = lookups.take(replay::mapped_address(maps, before.client), before.name);
    text += beside(before, captured.summary.last_at, after, replay_end);
  }
  if (lookups.left() > 0) text += fmt::format("{} more replayed, beside none captured\n", lookups.left());
  return text;
}

void tell_of_output_chains(const scenario::Scenario& scenario, const InjectedPackets& packets) {
  for (std::uint32_t index = 0; index < scenario.hosts.size(); ++index) {
    const auto& host = scenario.hosts[index];
    const bool passed_by = (packets.packets_of(index, IpVersion::v4) > 0 && !host.firewall.empty()) ||
                           (packets.packets_of(index, IpVersion::v6) > 0 && !host.firewall_ipv6.empty());
    if (!passed_by) continue;
    fmt::print(
        stderr,
        "hanglab: {}'s own OUTPUT chain is not asked: the frames were put onto its interface below it\n",
        host.name);
  }
}

// What became of the frames, by kind, and what came of it that could not be used.
std::string told(const std::string& read, const InjectedPackets& packets,
                 const sim::World::Injected& injected, const scenario::Scenario& scenario,
                 const TapLookups& taps) {
  std::string text = read;
  for (const auto& [reason, number] : packets.left_out())
    text += fmt::format("  {} left out: {}\n", number, reason);
  if (injected.unroutable > 0)
    text += fmt::format("  {} left out: no interface leads to their destination\n", injected.unroutable);
  const std::uint64_t put = injected.packets - injected.unroutable;
  text +=
      fmt::format("{} packet{} put onto the interfaces of the scenario's hosts\n", put, put == 1 ? "" : "s");
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host) {
    const std::string unused = packets.packets_of(host) > 0 ? taps.unused(host) : "";
    if (!unused.empty())
      text += fmt::format("seen at the interfaces of {}\n{}", scenario.hosts[host].name, unused);
  }
  return text;
}

int ending(const std::string& capture, const scenario::Scenario& scenario, const InjectedPackets& packets,
           const sim::World::Injected& injected) {
  if (interrupted()) {
    fmt::print(stderr, "hanglab: interrupted\n");
    return ExitStatus::interrupted;
  }
  if (packets.damage()) return status_after(packets.damage());
  if (injected.packets == 0)
    throw Error(fmt::format("{}: no packet of it came from a host of {}; the scenario's hosts have {}",
                            capture, scenario.name, fmt::join(names_of(scenario), ", ")));
  if (injected.packets == injected.unroutable)
    throw Error(fmt::format("{}: no packet of it could leave its host", capture));
  return ExitStatus::done;
}

}  // namespace

int inject_frames(const Words& words, const std::string& capture,
                  const replay::FrameSelectionOptions& selection, const std::string& into,
                  const FrameOptions& frames, const SimulationOptions& options,
                  const boost::program_options::variables_map& values) {
  const OutputSettings settings = output_settings(options, values);
  if (settings.traces) throw InputError("--strace: no program runs where frames are put onto an interface");
  const scenario::Scenario scenario = scenario::load(into, options.overrides);
  const auto rules = rewriting(scenario, frames);
  replay::keep_for_rereading(capture);  // the lookups first, then the frames
  const auto contents = replay::read_lookups(capture, selection);
  fmt::print(stderr, "{}{}", reading_line(capture, contents.summary, contents.lookups.size()),
             unused_lines(contents.summary));

  std::vector<std::string> warnings = scenario.warnings;
  sim::World world(scenario, warnings);
  print_warnings(warnings);
  Outputs outputs(settings, scenario, provenance(words, scenario, options.seed, 1));

  SelectedFrames selected(capture, selection);
  auto pipeline = make_pipeline(selected, frames, options.seed, rules);
  InjectedPackets packets(scenario, pipeline);
  TapLookups taps(scenario.hosts.size());
  catch_interrupts();
  auto injection = inject(world, packets, taps, options.seed, scenario.give_up, settings.captures);
  // Of those that sent, and of them not what they forward or ask as servers of others.
  const auto replayed = taps.finish(injection.end, [&](const TapLookup& found) {
    return packets.packets_of(found.host) > 0 && packets.has(found.host, found.lookup.client);
  });

  tell_of_output_chains(scenario, packets);
  injection.result.lookups = records_of(replayed, scenario, options.seed);
  const bool in_words = settings.format == Format::table;
  fmt::print(in_words ? stdout : stderr, "{}",
             told(counts_text(pipeline.counts(), selected), packets, injection.counts, scenario, taps));
  if (in_words) fmt::print("\n{}\n", table(contents, replayed, injection.end, rules.edit.addresses));
  outputs.take(0, injection.result);
  outputs.finish(!interrupted());
  return ending(capture, scenario, packets, injection.counts);
}

}  // namespace hanglab::cli
