#include "cli/inject_frames.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <limits>
#include "cli/captured_record.hh"
#include "cli/captured_words.hh"
#include "cli/injected_packets.hh"
#include "cli/interrupt.hh"
#include "cli/replay_table.hh"
#include "cli/selected_frames.hh"
#include "cli/verbs.hh"
#include "core/dns.hh"
#include "core/error.hh"
#include "replay/capture_lookups.hh"
#include "replay/read/kept_input.hh"
#include "replay/send/address_map.hh"
#include "replay/tap_packets.hh"
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

// Reads the lookups off what each host's tap sees.
class TapReading {
 public:
  explicit TapReading(std::size_t hosts) : taps_(hosts) {
    for (std::uint32_t host = 0; host < hosts; ++host)
      finders_.emplace_back([this, host](CapturedLookup&& lookup) {
        found_.push_back({.host = host, .lookup = std::move(lookup)});
      });
  }

  void add(const PacketEvent& event) {
    if (const auto packet = taps_[event.host].add(event)) finders_[event.host].add(*packet);
  }

  struct Found {
    std::uint32_t host = 0;
    CapturedLookup lookup;
  };
  // Of the hosts that `wanted` names, in the order of their beginnings.
  std::vector<Found> finish(Duration end, const std::function<bool(std::uint32_t)>& wanted) {
    for (auto& finder : finders_) finder.finish(end);
    std::erase_if(found_, [&](const Found& found) { return !wanted(found.host); });
    std::ranges::stable_sort(found_, {}, [](const Found& found) { return found.lookup.start; });
    return std::move(found_);
  }

 private:
  std::vector<replay::TapPackets> taps_;
  std::deque<replay::LookupFinder> finders_;
  std::vector<Found> found_{};
};

// Each captured lookup beside the first of the same client and name that was not taken yet.
std::string table(const replay::CaptureContents& captured, const std::vector<TapReading::Found>& replayed,
                  Duration replay_end, const std::vector<replay::AddressMap>& maps) {
  std::vector<bool> taken(replayed.size());
  std::string text;
  for (const CapturedLookup& before : captured.lookups) {
    const IpAddress client = replay::mapped_address(maps, before.client);
    const CapturedLookup* after = nullptr;
    for (std::size_t i = 0; i < replayed.size() && after == nullptr; ++i) {
      const CapturedLookup& candidate = replayed[i].lookup;
      if (taken[i] || candidate.client != client || !dns::same_name(candidate.name, before.name)) continue;
      taken[i] = true;
      after = &candidate;
    }
    text += beside(before, captured.summary.last_at, after, replay_end);
  }
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

// What became of the frames, by kind.
std::string told(const FramePipeline& pipeline, const SelectedFrames& selected,
                 const InjectedPackets& packets, const sim::World::Injected& injected) {
  std::string text = counts_text(pipeline.counts(), selected);
  for (const auto& [reason, number] : packets.left_out())
    text += fmt::format("  {} left out: {}\n", number, reason);
  if (injected.unroutable > 0)
    text += fmt::format("  {} left out: no interface leads to their destination\n", injected.unroutable);
  const std::uint64_t put = injected.packets - injected.unroutable;
  return text + fmt::format("{} packet{} put onto the interfaces of the scenario's hosts\n", put,
                            put == 1 ? "" : "s");
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
  TapReading taps(scenario.hosts.size());
  RunResult result;
  Duration end{};
  catch_interrupts();
  const auto injected = world.inject(
      options.seed, 0,
      [&](PacketEvent& packet) {
        if (!packets.next(packet)) return false;
        end = packet.at + scenario.give_up;
        return true;
      },
      [&](PacketEvent packet) {
        taps.add(packet);
        if (settings.captures) result.packets.push_back(std::move(packet));
      });
  const auto replayed = taps.finish(end, [&](std::uint32_t host) { return packets.packets_of(host) > 0; });
  for (const auto& found : replayed) {
    result.lookups.push_back(to_record(found.lookup, scenario.name, Duration(0)));
    result.lookups.back().host = scenario.hosts[found.host].name;
    result.lookups.back().seed = options.seed;
  }

  tell_of_output_chains(scenario, packets);
  const bool in_words = settings.format == Format::table;
  fmt::print(in_words ? stdout : stderr, "{}", told(pipeline, selected, packets, injected));
  if (in_words) fmt::print("\n{}\n", table(contents, replayed, end, rules.edit.addresses));
  outputs.take(0, result);
  outputs.finish(!interrupted());
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

}  // namespace hanglab::cli
