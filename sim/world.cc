#include "sim/world.hh"

#include <fmt/format.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <map>

#include "core/error.hh"
#include "models/posix/attempt_log.hh"
#include "models/posix/strace.hh"
#include "models/resolvers/resolver.hh"
#include "models/servers/dnsmasq.hh"
#include "models/servers/faulty.hh"
#include "models/servers/host_data.hh"
#include "models/servers/named.hh"
#include "models/servers/resolved.hh"
#include "models/servers/unbound.hh"
#include "scenario/launch.hh"
#include "sim/dns_service.hh"
#include "sim/network.hh"
#include "sim/process.hh"

namespace hanglab::sim {

namespace {

// Captures and server-side closings go on for this long after the last lookup ended.
constexpr Duration linger = std::chrono::seconds(1);
constexpr int first_pid = 1000;

struct Truncation {
  Endpoint client;
  std::uint16_t id;
  auto operator<=>(const Truncation&) const = default;
};

struct Server {
  std::unique_ptr<servers::DnsServer> model;
  std::unique_ptr<DnsService> service;
};

servers::PlacedText placed(const scenario::PlacedText& text) {
  return {.text = text.text, .where = text.where};
}

std::unique_ptr<servers::DnsServer> make_server(const scenario::DnsServer& settings,
                                                const scenario::Host& host,
                                                std::vector<std::string>& warnings) {
  const servers::HostText hosts{
      .text = settings.host_file, .file = settings.host_file_name, .line = settings.host_file_line};
  const Location hosts_at{.file = hosts.file, .line = hosts.line};
  if (settings.software == "unbound") {
    servers::UnboundSetup setup{
        .version = settings.version, .version_at = settings.software_at, .config = {placed(settings.config)}};
    setup.ipv6 = settings.listen.empty() ? host.has_ipv6() : std::ranges::any_of(settings.listen, is_ipv6);
    setup.ipv4 = settings.listen.empty() || !std::ranges::all_of(settings.listen, is_ipv6);
    const auto data = servers::unbound_local_data(servers::read_hosts(hosts, warnings));
    setup.config.push_back({.text = data, .where = hosts_at});
    return servers::make_unbound(setup);
  }
  if (settings.software == "bind") {
    servers::NamedSetup setup{
        .version = settings.version, .version_at = settings.software_at, .config = placed(settings.config)};
    for (const auto& [name, text] : settings.zones) setup.files[name] = placed(text);
    const auto records = servers::zone_records(servers::read_hosts(hosts, warnings));
    setup.files.try_emplace(scenario::host_file_name,
                            servers::PlacedText{.text = records, .where = hosts_at});
    return servers::make_named(setup, warnings);
  }
  if (settings.software == "systemd-resolved") {
    std::uint16_t mtu = 65535;
    for (const auto& interface : host.interfaces) mtu = std::min(mtu, interface.mtu);
    return servers::make_resolved({.version = settings.version,
                                   .version_at = settings.software_at,
                                   .config = placed(settings.config),
                                   .mtu = mtu});
  }
  if (settings.software == "lab")
    return servers::make_faulty({.version = settings.version,
                                 .options = settings.options,
                                 .at = settings.software_at,
                                 .host_file = hosts},
                                warnings);
  return servers::make_dnsmasq({.version = settings.version, .options = settings.options, .host_file = hosts},
                               warnings);
}

const scenario::Scenario& with_models(const scenario::Scenario& scenario) {
  for (const auto& lookup : scenario.lookups)
    if (resolvers::find_resolver(lookup.client) == nullptr)
      throw InputError(
          fmt::format("{}: {} has no model to simulate it by; there are {}. `hanglab live` runs it",
                      scenario.name, lookup.client, fmt::join(resolvers::known_clients(), ", ")));
  return scenario;
}

}  // namespace

std::string ns3_version() { return HANGLAB_NS3_VERSION; }

struct World::State {
  explicit State(const scenario::Scenario& the_scenario) : scenario(the_scenario), network(scenario, clock) {}

  const scenario::Scenario& scenario;
  RunClock clock;
  Network network;
  std::vector<Server> servers;
  std::map<Truncation, std::size_t> truncations;  // of this run
  bool tapped = false;
  PacketSink packets{};  // where the taps write, while a run wants it

  void tap();
  void begin_run(std::uint64_t seed, std::uint64_t number);
  void end_run();
};

// One lookup of a run: its program, its kernel's view of it, its record.
class World::Episode {
 public:
  Episode(State& state, const PlannedLookup& plan, std::uint64_t seed, std::uint64_t run, std::size_t number,
          bool syscalls)
      : state_(state),
        plan_(plan),
        number_(number),
        syscalls_(syscalls),
        random_(seed, run, "lookup/" + std::to_string(number)) {
    record_ = {.scenario = state.scenario.name,
               .run = run,
               .seed = seed,
               .host = plan.host,
               .client = plan.client,
               .call = plan.call,
               .name = plan.name,
               .start = plan.at};
  }

  // `ended` is called once, when the lookup has returned or was given up.
  void schedule(std::function<void()> ended) {
    ended_ = std::move(ended);
    start_ = ns3::Simulator::Schedule(to_ns3(plan_.at), &Episode::start, this);
  }

  Lookup take_record() { return std::move(record_); }
  std::string take_syscalls() { return strace_ ? strace_->take() : std::string(); }

 private:
  void start() {
    const std::size_t index = *state_.scenario.host_index(plan_.host);
    Host& host = *state_.network.hosts()[index];
    for (const auto& interface : host.settings().interfaces) {
      if (interface.has_ipv4()) addresses_.emplace_back(interface.address.address);
      for (const auto& prefix : interface.ipv6_addresses) addresses_.emplace_back(prefix.address);
    }
    const TimePoint now = state_.clock.now();
    const auto full_size = [this](std::uint16_t id) -> std::optional<std::size_t> {
      for (const auto& [truncation, size] : state_.truncations)
        if (truncation.id == id && std::ranges::count(addresses_, truncation.client.address) > 0) return size;
      return {};
    };
    log_.emplace(now, full_size);
    std::vector<posix::SyscallObserver*> observers{&*log_};
    if (syscalls_) observers.push_back(&strace_.emplace(first_pid + static_cast<int>(number_)));
    process_ = std::make_unique<Process>(host, Random(random_.next()), std::move(observers));
    const auto& settings = host.settings();
    program_.emplace(
        main(resolvers::find_resolver(plan_.client), {.resolv_conf = settings.resolv_conf,
                                                      .resolv_conf_text = settings.resolv_conf_text,
                                                      .nss_hosts = settings.nsswitch,
                                                      .etc_hosts = settings.etc_hosts,
                                                      .hostname = settings.name,
                                                      .addresses = addresses_}));
    give_up_ = ns3::Simulator::Schedule(to_ns3(state_.scenario.give_up), &Episode::give_up, this);
    program_->start();
  }

  posix::Task<int> main(resolvers::Resolver resolver, resolvers::Environment environment) {
    const resolvers::Answer answer = co_await resolver(*process_, environment, plan_.name, plan_.family);
    record_.outcome = answer.error.empty() ? Outcome::answered : Outcome::failed;
    record_.error = answer.error;
    record_.addresses = answer.addresses.size();
    finish();
    co_return 0;
  }

  void give_up() {
    process_->interrupt();
    record_.outcome = Outcome::hung;
    record_.censored = true;
    finish();
  }

  void finish() {
    give_up_.Cancel();
    record_.duration = state_.clock.now().time_since_epoch() - plan_.at;
    record_.attempts = log_->take();
    ended_();
  }

  State& state_;
  PlannedLookup plan_;
  std::size_t number_;
  bool syscalls_;
  Random random_;
  Lookup record_;
  std::vector<IpAddress> addresses_;
  std::optional<posix::AttemptLog> log_;
  std::optional<posix::Strace> strace_;
  std::unique_ptr<Process> process_;
  std::optional<posix::Task<int>> program_;
  std::function<void()> ended_;
  ns3::EventId start_;
  ns3::EventId give_up_;
};

World::World(const scenario::Scenario& scenario, std::vector<std::string>& warnings)
    : state_(std::make_unique<State>(with_models(scenario))) {
  for (std::size_t i = 0; i < scenario.hosts.size(); ++i)
    for (const scenario::DnsServer& settings : scenario.hosts[i].dns_servers) {
      Server server{.model = make_server(settings, scenario.hosts[i], warnings), .service = nullptr};
      server.service = std::make_unique<DnsService>(
          *state_->network.hosts()[i], *server.model, settings.listen,
          [state = state_.get()](Endpoint client, std::uint16_t id, std::size_t size) {
            state->truncations[{client, id}] = size;
          });
      state_->servers.push_back(std::move(server));
    }
}

World::~World() {
  state_.reset();
  ns3::Simulator::Destroy();
}

// Connected once, and only for those who ask: a tap costs every packet a copy.
void World::State::tap() {
  if (std::exchange(tapped, true)) return;
  for (auto& host : network.hosts()) {
    host->set_tap([this](PacketEvent event) {
      if (packets) packets(std::move(event));
    });
  }
}

void World::State::begin_run(std::uint64_t seed, std::uint64_t number) {
  truncations.clear();
  clock.begin();
  network.begin_run(seed, number);
  for (std::size_t i = 0; i < servers.size(); ++i)
    servers[i].service->begin_run(Random(seed, number, "dns-server/" + std::to_string(i)));
}

void World::State::end_run() {
  for (Server& server : servers) server.service->end_run();
  network.end_run();
  packets = nullptr;
}

RunResult World::run(std::uint64_t seed, std::uint64_t number, const RunOptions& options) {
  return run_workload(seed, number, state_->scenario.workload(), options);
}

RunResult World::run_workload(std::uint64_t seed, std::uint64_t number, const Workload& workload,
                              const RunOptions& options) {
  State& state = *state_;
  RunResult result;
  if (options.packets) state.tap();
  if (options.packets)
    state.packets = [&result](PacketEvent event) { result.packets.push_back(std::move(event)); };

  std::vector<std::unique_ptr<Episode>> episodes;
  std::size_t running = workload.size();
  const auto ended = [&running] {
    if (--running == 0) ns3::Simulator::Stop(to_ns3(linger));
  };
  for (const PlannedLookup& plan : workload)
    episodes.push_back(
        std::make_unique<Episode>(state, plan, seed, number, episodes.size(), options.syscalls));

  ns3::Simulator::Schedule(to_ns3(state.network.drain_time()), [&] {
    state.begin_run(seed, number);
    for (auto& episode : episodes) episode->schedule(ended);
  });
  ns3::Simulator::Run();

  for (auto& episode : episodes) {
    result.lookups.push_back(episode->take_record());
    if (options.syscalls) result.syscalls.push_back(episode->take_syscalls());
  }
  episodes.clear();
  state.end_run();
  return result;
}

World::Injected World::inject(std::uint64_t seed, std::uint64_t number, PacketSource next, PacketSink seen) {
  State& state = *state_;
  state.tap();
  state.packets = std::move(seen);
  Injected injected;
  PacketEvent packet;
  std::function<void()> schedule;
  const auto send = [&] {
    ++injected.packets;
    if (state.network.hosts()[packet.host]->inject(std::move(packet.bytes)) != 0) ++injected.unroutable;
    schedule();
  };
  schedule = [&] {
    if (!next(packet)) return ns3::Simulator::Stop(to_ns3(state.scenario.give_up));
    const Duration now = state.clock.now().time_since_epoch();
    ns3::Simulator::Schedule(to_ns3(std::max(packet.at - now, Duration(0))), send);
  };
  ns3::Simulator::Schedule(to_ns3(state.network.drain_time()), [&] {
    state.begin_run(seed, number);
    schedule();
  });
  ns3::Simulator::Run();
  state.end_run();
  return injected;
}

}  // namespace hanglab::sim
