#include "cli/live_options.hh"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hh"
#include "live/clients.hh"
#include "live/this_host.hh"
#include "scenario/units.hh"
#include "sim/real_time_links.hh"
#include "sim/world.hh"

namespace hanglab::cli {

namespace po = boost::program_options;

namespace {

// Between two taps at the ends of a veth pair, measured: what an ICMP error that answers a SYN needs for both
// ways decides whether connect() still holds its socket's lock.
constexpr Duration veth_delay = std::chrono::microseconds(1);

// What nobody would tell from the few microseconds of a veth pair.
constexpr Duration short_delay = std::chrono::microseconds(100);
constexpr std::uint64_t fast_rate = 1'000'000'000;

std::string carry(std::span<const live::TapLink> links, std::uint64_t seed, std::uint64_t run, int control) {
  std::vector<sim::TapLink> taps;
  for (const auto& [link, a, b] : links) taps.push_back({.link = link, .a = a, .b = b});
  return sim::describe(sim::carry_frames(taps, seed, run, control));
}

void note(LivePlan& plan, std::string text) {
  if (std::ranges::find(plan.notes, text) == plan.notes.end()) plan.notes.push_back(std::move(text));
}

// Finds the client's program; empty, or why the machine cannot make the lookup.
std::string why_not(scenario::LookupPlan& lookup, LivePlan& plan) {
  const auto& host = plan.scenario.hosts[lookup.host];
  if (live::uses_name_service_switch(lookup.client))
    for (const auto& service : host.nsswitch)
      if (!live::has_name_service(service.name))
        return fmt::format("{} on {}, whose nsswitch.conf names {}; the package libnss-{} brings it",
                           lookup.client, host.name, service.name, service.name);
  const auto found = live::find_client(lookup.client, live::probes_folder());
  if (const auto* why = std::get_if<std::string>(&found)) return *why;
  const auto& client = std::get<live::Client>(found);
  if (client.name != lookup.client)
    note(plan, fmt::format("{} stands in for {}", client.name, lookup.client));
  lookup.client = client.name;
  plan.options.programs[client.name] = client.program;
  return {};
}

}  // namespace

void LiveOptions::add_to(po::options_description& options) {
  options.add_options()  //
      ("network", po::value(&network)->value_name("KIND"),
       "what carries the frames: veth pairs (at once, without loss), ns-3 (as the links state, in "
       "real time), or auto: ns-3 if a link needs it (auto)")  //
      ("give-up", po::value(&give_up)->value_name("TIME"),
       "end a lookup that still waits after this; it counts as hung (the scenario's give_up)");
}

std::vector<std::string> LiveOptions::overrides(std::vector<std::string> given) const {
  if (give_up.empty()) return given;
  scenario::read_duration(give_up, {.file = "--give-up"});
  given.push_back("give_up=" + give_up);
  return given;
}

bool veth_will_do(const scenario::Scenario& scenario) {
  return std::ranges::all_of(scenario.links, [](const scenario::Link& link) {
    return link.is_even() && link.delay <= short_delay && (link.rate_bps == 0 || link.rate_bps >= fast_rate);
  });
}

LivePlan plan_live(const scenario::Scenario& scenario, const LiveOptions& options, const RunOptions& keep) {
  const auto& network = options.network;
  if (network != "auto" && network != "veth" && network != "ns-3")
    throw InputError(fmt::format("--network {}: there are auto, veth and ns-3", network));
  LivePlan plan{.scenario = {}, .options = {.keep = keep}};
  const auto machine = live::this_host(scenario);
  for (const auto& host : scenario.hosts)
    for (const auto& server : host.dns_servers)
      if (server.software != "lab" && !machine.servers.contains(server.software))
        throw Error(fmt::format("{}: {} is not here; the package {} brings it", scenario.name,
                                server.software, live::package_of(server.software)));
  plan.scenario = live::as_on(machine, scenario, plan.notes);

  std::string last;
  std::erase_if(plan.scenario.lookups, [&](scenario::LookupPlan& lookup) {
    const auto why = why_not(lookup, plan);
    if (why.empty()) return false;
    note(plan, "left out: " + why);
    last = why;
    return true;
  });
  if (plan.scenario.lookups.empty()) throw Error(fmt::format("{}: nothing to run: {}", scenario.name, last));

  const bool plain = veth_will_do(scenario);
  if (network == "ns-3" || (network == "auto" && !plain)) {
    plan.options.carrier = carry;
    return plan;
  }
  if (!plain) note(plan, "veth pairs carry at once and lose nothing, whatever the links state");
  for (auto& link : plan.scenario.links)
    link = {.a = link.a, .b = link.b, .delay = veth_delay, .name = link.name};
  return plan;
}

std::vector<std::pair<std::string, std::string>> versions_of(const LivePlan& plan) {
  const auto machine = live::this_host(plan.scenario);
  std::vector<std::pair<std::string, std::string>> versions{
      {"hanglab", HANGLAB_VERSION},
      {"kernel", fmt::format("{}.{}, {} Hz", machine.kernel.major, machine.kernel.minor, machine.kernel.hz)}};
  versions.insert(versions.end(), machine.servers.begin(), machine.servers.end());
  if (plan.options.carrier) versions.emplace_back("ns-3", sim::ns3_version());
  return versions;
}

}  // namespace hanglab::cli
