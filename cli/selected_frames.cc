#include "cli/selected_frames.hh"

#include <fmt/format.h>

#include "core/error.hh"
#include "replay/read/frame_reader.hh"

namespace hanglab::cli {

FramePipeline::Open SelectedFrames::opener() {
  return [this]() -> FramePipeline::Source {
    auto reader = std::make_shared<replay::FrameReader>(capture_);
    auto selection = std::make_shared<replay::FrameSelection>(options_);
    selections_.push_back(selection);
    return [reader, selection](replay::CapturedFrame& frame) {
      while (!selection->done() && reader->next(frame))
        if (selection->wants(frame)) return true;
      return false;
    };
  };
}

std::string SelectedFrames::text() const {
  std::uint64_t outside = 0;
  std::uint64_t filtered = 0;
  for (const auto& selection : selections_) {
    outside += selection->counts().before + selection->counts().after;
    filtered += selection->counts().filtered + selection->counts().not_filterable;
  }
  std::string text;
  if (outside > 0) text += fmt::format("  {} left out: not in the span of time\n", outside);
  if (filtered > 0) text += fmt::format("  {} left out: not matched by the filter\n", filtered);
  return text;
}

FramePipeline make_pipeline(SelectedFrames& frames, const FrameOptions& options, std::uint64_t seed,
                            replay::RewriteRules rules) {
  return {frames.opener(), options.loops, replay::Rewriter(std::move(rules)),
          FrameImpairment(options.impairment(), options.interface, seed), replay::Pace(options.pace())};
}

std::string counts_text(const FrameCounts& counts, const SelectedFrames& frames) {
  std::string text = fmt::format("{} frames read\n{}", counts.read, frames.text());
  if (counts.checksums_put_right > 0)
    text += fmt::format("  {} had a wrong checksum, which was put right\n", counts.checksums_put_right);
  if (counts.fragmented > 0) text += fmt::format("  {} were cut into fragments\n", counts.fragmented);
  for (const auto& [reason, number] : counts.left_out)
    text += fmt::format("  {} left out: {}\n", number, reason);
  return text;
}

}  // namespace hanglab::cli
