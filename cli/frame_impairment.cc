#include "cli/frame_impairment.hh"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.hh"

namespace hanglab::cli {

namespace {

constexpr std::size_t ethernet_addresses = 12;
constexpr std::uint16_t ipv4 = 0x0800;

std::optional<std::span<const std::uint8_t>> ipv4_packet(std::span<const std::uint8_t> frame) {
  std::size_t at = ethernet_addresses;
  while (at + 2 <= frame.size()) {
    const auto ethertype = static_cast<std::uint16_t>(frame[at] << 8 | frame[at + 1]);
    if (ethertype == ipv4) return frame.subspan(at + 2);
    const bool tag = ethertype == 0x8100 || ethertype == 0x88a8 || ethertype == 0x9100;
    if (!tag) return {};
    at += 4;
  }
  return {};
}

}  // namespace

FrameImpairment::FrameImpairment(const ImpairmentSettings& settings, std::string interface,
                                 std::uint64_t seed)
    : interface_(std::move(interface)),
      firewall_(
          kernel::Ruleset::parse(fmt::format("{}", fmt::join(settings.rules, "\n")), {.file = "--rule"}),
          Random(seed, 0, "replay-rules")),
      loss_random_(seed, 0, "replay-loss"),
      jitter_random_(seed, 0, "replay-jitter"),
      loss_(settings.loss),
      delay_(settings.delay),
      jitter_(settings.jitter) {
  if (jitter_ > delay_)
    throw InputError("--jitter: a packet cannot leave before its time, so --delay is its limit");
}

FrameImpairment::Fate FrameImpairment::fate(std::span<const std::uint8_t> frame, Duration due) {
  if (const auto packet = ipv4_packet(frame)) {
    const kernel::PacketView view{.bytes = *packet, .out_interface = interface_};
    if (firewall_.verdict(kernel::Hook::output, view, TimePoint(due)).kind != kernel::Verdict::Kind::accept)
      return Fate::dropped_by_rule;
  }
  return loss_ > 0 && loss_random_.chance(loss_) ? Fate::lost : Fate::sent;
}

Duration FrameImpairment::extra_delay() {
  if (jitter_ == Duration(0)) return delay_;
  const auto width = static_cast<std::uint64_t>(2 * jitter_.count() + 1);
  return delay_ - jitter_ + Duration(static_cast<Duration::rep>(jitter_random_.below(width)));
}

}  // namespace hanglab::cli
