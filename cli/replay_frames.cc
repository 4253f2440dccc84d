#include "cli/replay_frames.hh"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "analysis/human.hh"
#include "cli/frame_pipeline.hh"
#include "cli/interrupt.hh"
#include "cli/own_network.hh"
#include "cli/replay_table.hh"
#include "cli/selected_frames.hh"
#include "cli/verbs.hh"
#include "core/error.hh"
#include "replay/link_layer.hh"
#include "replay/pcap_writer.hh"
#include "replay/read/kept_input.hh"
#include "replay/read_ahead.hh"
#include "replay/send/frame_sender.hh"
#include "replay/send/neighbours.hh"

namespace hanglab::cli {

namespace {

using analysis::human;

// The rules, completed by what the interface says.
replay::RewriteRules rules_on(const FrameOptions& options, replay::Neighbours& neighbours,
                              const replay::InterfaceFacts& interface) {
  auto rules = options.rewriting();
  rules.own = interface.address;
  if (options.source_mac == "auto") rules.source = interface.address;
  rules.mtu = interface.mtu;
  rules.next_hop = [&neighbours](std::span<const std::uint8_t> address) {
    return neighbours.next_hop(address);
  };
  if (rules.allowed.empty()) rules.allowed = replay::networks_of(options.interface);
  if (rules.allowed.empty())
    throw InputError(fmt::format("interface {} has no address, so say with --allow where packets may go",
                                 options.interface));
  return rules;
}

std::string report_text(const replay::SendReport& report, bool timed) {
  const double seconds = to_seconds(report.took);
  std::string text = fmt::format("{} frames sent in {}", report.frames, human(report.took, 3));
  if (report.frames > 1 && seconds > 0)
    text += fmt::format(", {:.0f} a second, {:.2f} Mbit/s", static_cast<double>(report.frames - 1) / seconds,
                        static_cast<double>(report.octets) * 8e-6 / seconds);
  text += "\n";
  for (const auto& [problem, frames] : report.failed)
    text += fmt::format("  {} failed: {}\n", frames, problem);
  if (timed && report.frames > 0)
    text += fmt::format("  off their times by {} (median), {} (99 %), {} (most)\n",
                        human(report.error.percentile(50)), human(report.error.percentile(99)),
                        human(report.error.worst()));
  return text;
}

// Gives each block to `take`. What stands against reading on is told at the end; the frames before it count.
std::optional<std::string> drain(FramePipeline& pipeline,
                                 const std::function<void(const replay::FrameBlock&)>& take) {
  replay::ReadAhead<replay::FrameBlock> ahead(
      [&pipeline](replay::FrameBlock& block) { return pipeline.fill(block); });
  try {
    while (const auto* block = interrupted() ? nullptr : ahead.next()) take(*block);
  } catch (const InputError&) {
    throw;
  } catch (const Error& damage) {
    return damage.what();
  }
  return {};
}

int finish(const std::string& capture, std::uint64_t sent, const std::optional<std::string>& damage) {
  if (interrupted()) {
    fmt::print(stderr, "hanglab: interrupted\n");
    return ExitStatus::interrupted;
  }
  if (damage) return status_after(damage);
  if (sent == 0) throw Error(fmt::format("{}: no frame of it was sent", capture));
  return ExitStatus::done;
}

int write_frames(SelectedFrames& frames, const std::string& capture, const FrameOptions& options,
                 std::uint64_t seed) {
  auto pipeline = make_pipeline(frames, options, seed, options.rewriting());
  replay::PcapWriter file(options.file, replay::link_ethernet);
  const auto damage = drain(pipeline, [&](const replay::FrameBlock& block) {
    for (const auto& frame : block.frames)
      file.write(block.octets(frame), pipeline.first_captured_at() + frame.due);
  });
  file.close();
  fmt::print("{}{} frames written to {}\n", counts_text(pipeline.counts(), frames), file.frames(),
             options.file);
  return finish(capture, file.frames(), damage);
}

int send_frames(SelectedFrames& frames, const std::string& capture, const FrameOptions& options,
                std::uint64_t seed) {
  require_own_network(options.own_network, fmt::format("--interface {}", options.interface),
                      "frames of a capture can harm the network they are sent into");
  const auto interface = replay::look_up_interface(options.interface);
  replay::Neighbours neighbours(interface.index);
  auto pipeline = make_pipeline(frames, options, seed, rules_on(options, neighbours, interface));
  replay::FrameSender sender(interface);
  const auto damage = drain(
      pipeline, [&](const replay::FrameBlock& block) { sender.send(block, [] { return !interrupted(); }); });
  fmt::print("{}{}", counts_text(pipeline.counts(), frames),
             report_text(sender.report(), !options.top_speed));
  return finish(capture, sender.report().frames, damage);
}

}  // namespace

int replay_frames(const std::string& capture, const replay::FrameSelectionOptions& selection,
                  const FrameOptions& options, std::uint64_t seed) {
  if (options.loops == 0) throw InputError("--loop 0: there is nothing to do");
  if (!options.interface.empty() && !options.file.empty())
    throw InputError("--interface and --write: one of them");
  if (options.loops > 1) replay::keep_for_rereading(capture);
  catch_interrupts();
  SelectedFrames frames(capture, selection);
  return options.file.empty() ? send_frames(frames, capture, options, seed)
                              : write_frames(frames, capture, options, seed);
}

}  // namespace hanglab::cli
