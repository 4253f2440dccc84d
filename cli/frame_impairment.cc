#include "cli/frame_impairment.hh"

#include <fmt/format.h>

#include "core/error.hh"
#include "replay/link_layer.hh"

namespace hanglab::cli {

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
  const auto network = replay::strip_link_layer(replay::link_ethernet, frame);
  if (network && network->ethertype == replay::ethertype_ipv4) {
    const kernel::PacketView view{.bytes = network->bytes, .out_interface = interface_};
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
