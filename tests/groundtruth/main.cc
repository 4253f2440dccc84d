// Holds the simulation against measured cases: outcome, error, number of addresses, duration, and the
// packets at the server's host (or the client's, where the capture there holds none), step by step. One line
// a case, the first difference of each that does not agree, and the total; exit status 1 when one does not.
//   test_groundtruth FOLDER…     each with case.json and hv.pcap, or folders of such folders
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "core/error.hh"
#include "replay/capture_reader.hh"
#include "replay/capture_writer.hh"
#include "replay/packet_comparison.hh"
#include "sim/world.hh"
#include "tests/groundtruth/case_scenario.hh"

namespace {

using namespace hanglab;
namespace fs = std::filesystem;

constexpr std::uint64_t most_draws = 300;
constexpr Duration short_tolerance = std::chrono::milliseconds(30);  // where no kernel timer decides

// The width of the wheel's bucket that a timer of half the duration falls into: the last timer of a series
// that doubles takes half of it.
Duration bucket_of(Duration duration, int hz) {
  const Duration tick = Duration(std::chrono::seconds(1)) / hz;
  const auto ticks = duration / 2 / tick;
  Duration bucket = tick;
  for (std::int64_t reach = 63; ticks >= reach; reach *= 8) bucket *= 8;
  return bucket;
}

std::vector<replay::CapturedPacket> read_packets(const fs::path& file) {
  replay::CaptureReader reader(file.string());
  std::vector<replay::CapturedPacket> packets;
  while (auto packet = reader.next()) packets.push_back(std::move(*packet));
  return packets;
}

// What a host saw, through a capture file as any reader would get it.
std::vector<replay::CapturedPacket> packets_at(std::uint32_t host, const std::vector<PacketEvent>& events) {
  const fs::path file = fs::temp_directory_path() / fmt::format("hanglab-groundtruth-{}.pcap", getpid());
  replay::CaptureWriter writer(file.string());
  for (const PacketEvent& event : events)
    if (event.host == host) writer.write(event, event.at);
  writer.close();
  auto packets = read_packets(file);
  fs::remove(file);
  return packets;
}

// tcpdump was ended half a second after the program, and what it had not read by then is not in its file.
void leave_out_unread(const replay::Exchange& real, replay::Exchange& simulated, Duration returned) {
  if (real.steps.empty() || simulated.steps.empty()) return;
  const Duration length = real.steps.back().at - real.steps.front().at;
  const Duration first = simulated.steps.front().at;
  std::erase_if(simulated.steps, [&](const replay::Step& step) {
    return step.at > returned && step.at - first > length + replay::usual_race;
  });
}

// Over a veth pair an ICMP error for a SYN is back while connect() still holds the socket's lock, and counts
// for nothing; unless the kernel puts its work off, and the error comes after it. 24 runs of dig, one as the
// other, had 0 to 3 of 3 connections refused at once. So a case that rejects by ICMP agrees if it does in
// either way.
constexpr std::string_view within_connect = "1us";
constexpr std::string_view after_connect = "30us";

bool rejects_by_icmp(const tests::Case& measured) {
  return std::ranges::any_of(measured.scenario.hosts, [](const scenario::Host& host) {
    return host.iptables_text.find("REJECT") != std::string::npos &&
           host.iptables_text.find("tcp-reset") == std::string::npos;
  });
}

// Node.js draws its waits at random.
std::uint64_t runs_of(const tests::Case& measured) {
  return measured.observed.client.starts_with("node-") ? most_draws : 1;
}

// Empty when the simulated run agrees with the case.
std::string compare_run(const fs::path& folder, const tests::Case& measured, const RunResult& result,
                        std::string& note) {
  const Lookup& simulated = result.lookups.at(0);
  const Lookup& observed = measured.observed;
  const Duration gap = std::chrono::abs(simulated.duration - observed.duration);
  const Duration allowed =
      observed.duration < std::chrono::milliseconds(500)
          ? short_tolerance
          : observed.duration / 100 + bucket_of(observed.duration, measured.scenario.hosts[1].kernel.hz);
  note = fmt::format("{:>9.3f} s, measured {:>9.3f} s", to_seconds(simulated.duration),
                     to_seconds(observed.duration));
  if (simulated.outcome != observed.outcome)
    return fmt::format("outcome {} {}, measured {} {}", to_string(simulated.outcome), simulated.error,
                       to_string(observed.outcome), observed.error);
  if (simulated.error != observed.error)
    return fmt::format("error {}, measured {}", simulated.error, observed.error);
  if (observed.outcome == Outcome::answered && simulated.addresses != observed.addresses)
    return fmt::format("{} addresses, measured {}", simulated.addresses, observed.addresses);
  if (observed.outcome != Outcome::hung && gap > allowed)
    return fmt::format("durations are {:.3f} s apart, {:.3f} s at most expected", to_seconds(gap),
                       to_seconds(allowed));

  // Where tcpdump at the server's host missed the exchange, the client's capture has to do.
  std::string seen_by = "hypervisor";
  auto real = replay::reduce(read_packets(folder / "hv.pcap"));
  if (real.steps.empty() && fs::exists(folder / "vm.pcap")) {
    seen_by = "vm";
    real = replay::reduce(read_packets(folder / "vm.pcap"));
  }
  // Nobody is answered without a packet: the capture was ended before it had what its kernel had kept for it.
  if (observed.outcome == Outcome::answered && real.steps.empty()) {
    note += ", packets not compared: the real capture missed the lookup";
    return {};
  }
  const auto observer = static_cast<std::uint32_t>(*measured.scenario.host_index(seen_by));
  auto simulated_exchange = replay::reduce(packets_at(observer, result.packets));
  leave_out_unread(real, simulated_exchange, simulated.start + simulated.duration);
  const auto packets = replay::compare(real, simulated_exchange);
  note += fmt::format(", {} steps on the wire", packets.steps);
  if (seen_by == "vm") note += " at the vm";
  if (packets.reordered > 0) note += fmt::format(", {} races", packets.reordered);
  if (packets.late_answers_real + packets.late_answers_simulated > 0)
    note += fmt::format(", answers to a closed socket: {}, measured {}", packets.late_answers_simulated,
                        packets.late_answers_real);
  return packets.difference;
}

// Empty when one of the runs agrees; else the difference of the first.
std::string compare_with(const fs::path& folder, const tests::Case& measured, std::string& note) {
  std::vector<std::string> warnings;
  sim::World world(measured.scenario, warnings);
  std::string difference = compare_run(folder, measured, world.run(1, 0, {.packets = true}), note);
  const std::uint64_t runs = runs_of(measured);
  for (std::uint64_t number = 1; number < runs && !difference.empty(); ++number) {
    std::string other_note;
    if (!compare_run(folder, measured, world.run(1, number, {.packets = true}), other_note).empty()) continue;
    difference.clear();
    note = other_note + fmt::format(", run {} of {}", number, runs);
  }
  return difference;
}

std::string compare(const fs::path& folder, std::string& note) {
  const tests::Case measured = tests::read_case(folder, within_connect);
  const std::string difference = compare_with(folder, measured, note);
  if (difference.empty() || !rejects_by_icmp(measured)) return difference;
  std::string other_note;
  if (!compare_with(folder, tests::read_case(folder, after_connect), other_note).empty()) return difference;
  note = other_note + ", ICMP after connect()";
  return {};
}

std::vector<fs::path> case_folders(int argc, char** argv) {
  std::vector<fs::path> folders;
  for (int i = 1; i < argc; ++i) {
    if (fs::exists(fs::path(argv[i]) / "case.json")) {
      folders.emplace_back(argv[i]);
      continue;
    }
    for (const auto& entry : fs::directory_iterator(argv[i]))
      if (fs::exists(entry.path() / "case.json")) folders.push_back(entry.path());
  }
  std::ranges::sort(folders);
  return folders;
}

}  // namespace

int main(int argc, char** argv) {
  const auto folders = case_folders(argc, argv);
  std::size_t agreed = 0;
  for (const fs::path& folder : folders) {
    std::string note;
    std::string difference;
    try {
      difference = compare(folder, note);
    } catch (const std::exception& error) {  // a case that cannot be read is one that does not agree
      difference = error.what();
    }
    if (difference.empty()) ++agreed;
    fmt::print("{:<9} {:<34} {}\n", difference.empty() ? "agrees" : "DIFFERS", folder.filename().string(),
               note);
    if (!difference.empty()) fmt::print("{}\n", difference);
    std::fflush(stdout);
  }
  fmt::print("{} of {} cases agree\n", agreed, folders.size());
  return !folders.empty() && agreed == folders.size() ? 0 : 1;
}
