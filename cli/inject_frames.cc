#include "cli/inject_frames.hh"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <map>

#include "cli/captured_record.hh"
#include "cli/interrupt.hh"
#include "cli/replay_table.hh"
#include "cli/selected_frames.hh"
#include "cli/verbs.hh"
#include "core/big_endian.hh"
#include "core/dns.hh"
#include "core/error.hh"
#include "replay/capture_lookups.hh"
#include "replay/link_layer.hh"
#include "replay/tap_packets.hh"
#include "sim/world.hh"

namespace hanglab::cli {

namespace {

using replay::CapturedLookup;

constexpr std::size_t ipv4_header_size = 20;

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
  throw InputError(
      fmt::format("--map {}: host '{}' has no address of that kind", map, map.substr(equals + 1)));
}

replay::RewriteRules rewriting(const scenario::Scenario& scenario, FrameOptions options) {
  for (std::string& map : options.maps) map = with_address(scenario, map);
  auto rules = options.rewriting();
  rules.only_clients = true;  // the servers are the scenario's
  rules.next_hop = [](auto&&) {
    return replay::MacAddress{};
  };  // a link layer has only who cannot do without
  for (const auto& host : scenario.hosts)
    for (const auto& interface : host.interfaces) rules.mtu = std::min<std::size_t>(rules.mtu, interface.mtu);
  return rules;
}

// The frames as packets of the scenario's hosts.
class HostPackets {
 public:
  HostPackets(const scenario::Scenario& scenario, FramePipeline& pipeline) : pipeline_(pipeline) {
    for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host)
      for (const auto& interface : scenario.hosts[host].interfaces) {
        if (!interface.has_ipv4()) continue;
        hosts_[interface.address.address] = host;
        for (const Ipv4Address address : interface.more_addresses) hosts_[address] = host;
      }
  }

  // What stands against reading on ends the packets, and is told by damage().
  bool next(PacketEvent& packet) {
    while (!interrupted()) {
      while (index_ < block_.frames.size())
        if (take(block_.frames[index_++], packet)) return true;
      if (last_) return false;
      fill();
    }
    return false;
  }

  const std::optional<std::string>& damage() const { return damage_; }
  std::uint64_t packets_of(std::uint32_t host) const {
    const auto found = sent_.find(host);
    return found == sent_.end() ? 0 : found->second;
  }

  std::string text() const {
    std::string text;
    if (not_ipv4_ > 0) text += fmt::format("  {} left out: not IPv4, or with options\n", not_ipv4_);
    if (strangers_ > 0)
      text += fmt::format(
          "  {} left out: from an address of no host of the scenario (--map says whose it is)\n", strangers_);
    return text;
  }

 private:
  void fill() {
    block_.clear();
    index_ = 0;
    try {
      last_ = !pipeline_.fill(block_);
    } catch (const InputError&) {
      throw;
    } catch (const Error& error) {
      last_ = true;
      damage_ = error.what();
    }
  }

  bool take(const replay::FrameBlock::Frame& frame, PacketEvent& packet) {
    const auto network = replay::strip_link_layer(replay::link_ethernet, block_.octets(frame));
    const bool plain = network && network->ethertype == replay::ethertype_ipv4 &&
                       network->bytes.size() >= ipv4_header_size && network->bytes[0] == 0x45;
    if (!plain) return ++not_ipv4_, false;
    const auto host = hosts_.find(Ipv4Address{get_u32(network->bytes, 12)});
    if (host == hosts_.end()) return ++strangers_, false;
    packet = {.at = frame.due, .host = host->second, .direction = Direction::out};
    packet.bytes.assign(network->bytes.begin(), network->bytes.end());
    ++sent_[host->second];
    return true;
  }

  FramePipeline& pipeline_;
  std::map<Ipv4Address, std::uint32_t> hosts_;
  replay::FrameBlock block_{};
  std::size_t index_ = 0;
  bool last_ = false;
  std::optional<std::string> damage_{};
  std::map<std::uint32_t, std::uint64_t> sent_{};
  std::uint64_t not_ipv4_ = 0;
  std::uint64_t strangers_ = 0;
};

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

// Each captured lookup beside the first of that name that was not taken yet.
std::string table(const std::vector<CapturedLookup>& captured, Duration capture_end,
                  const std::vector<TapReading::Found>& replayed, Duration replay_end) {
  std::vector<bool> taken(replayed.size());
  std::string text;
  for (const CapturedLookup& before : captured) {
    const CapturedLookup* after = nullptr;
    for (std::size_t i = 0; i < replayed.size() && after == nullptr; ++i) {
      if (taken[i] || !dns::same_name(replayed[i].lookup.name, before.name)) continue;
      taken[i] = true;
      after = &replayed[i].lookup;
    }
    text += beside(before, capture_end, after, replay_end);
  }
  return text;
}

}  // namespace

int inject_frames(const Words& words, const std::string& capture,
                  const replay::FrameSelectionOptions& selection, const std::string& into,
                  const FrameOptions& frames, const SimulationOptions& options,
                  const boost::program_options::variables_map& values) {
  if (capture == "-")
    throw InputError(
        "--frames: reads the capture twice, its lookups first, and standard input only flows once");
  const scenario::Scenario scenario = scenario::load(into, options.overrides);
  const auto contents = replay::read_lookups(capture, selection);
  fmt::print(stderr, "{}", capture_report(capture, contents));

  std::vector<std::string> warnings = scenario.warnings;
  sim::World world(scenario, warnings);
  print_warnings(warnings);
  const OutputSettings settings = output_settings(options, values);
  if (settings.traces) throw InputError("--strace: no program runs where frames are put onto an interface");
  Outputs outputs(settings, scenario, provenance(words, scenario, options.seed, 1));

  SelectedFrames selected(capture, selection);
  auto pipeline = make_pipeline(selected, frames, options.seed, rewriting(scenario, frames));
  HostPackets packets(scenario, pipeline);
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
  }
  for (std::uint32_t host = 0; host < scenario.hosts.size(); ++host)
    if (packets.packets_of(host) > 0 && !scenario.hosts[host].firewall.empty())
      fmt::print(
          stderr,
          "hanglab: {}'s own OUTPUT chain is not asked: the frames were put onto its interface below it\n",
          scenario.hosts[host].name);
  if (settings.format == Format::table) {
    fmt::print("{}{}", counts_text(pipeline.counts(), selected), packets.text());
    if (injected.unroutable > 0)
      fmt::print("  {} left out: no route leads to their destination\n", injected.unroutable);
    fmt::print("{} packets put onto the interfaces of the scenario's hosts\n\n{}\n",
               injected.packets - injected.unroutable,
               table(contents.lookups, contents.summary.last_at, replayed, end));
  }
  outputs.take(0, result);
  outputs.finish(!interrupted());
  if (interrupted()) {
    fmt::print(stderr, "hanglab: interrupted\n");
    return ExitStatus::interrupted;
  }
  if (packets.damage()) return status_after(packets.damage());
  if (injected.packets == injected.unroutable)
    throw Error(fmt::format("{}: no packet of it came from a host of {}; the scenario's hosts have {}",
                            capture, scenario.name, fmt::join(names_of(scenario), ", ")));
  return ExitStatus::done;
}

}  // namespace hanglab::cli
