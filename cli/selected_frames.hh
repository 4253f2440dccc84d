// The frames of a capture that were asked for, on their way through rewriting, impairment and pacing; and
// what became of the others, in words.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cli/frame_options.hh"
#include "cli/frame_pipeline.hh"
#include "replay/read/frame_selection.hh"

namespace hanglab::cli {

class SelectedFrames {
 public:
  SelectedFrames(std::string capture, replay::FrameSelectionOptions options)
      : capture_(std::move(capture)), options_(std::move(options)) {}

  // From the capture's beginning whenever it is opened, which keep_for_rereading() makes possible for a pipe.
  // To be outlived by this.
  FramePipeline::Open opener();

  // What was not asked for, by why.
  std::string text() const;

 private:
  std::string capture_;
  replay::FrameSelectionOptions options_;
  std::vector<std::shared_ptr<replay::FrameSelection>> selections_;  // one a loop
};

FramePipeline make_pipeline(SelectedFrames& frames, const FrameOptions& options, std::uint64_t seed,
                            replay::RewriteRules rules);

std::string counts_text(const FrameCounts& counts, const SelectedFrames& frames);

}  // namespace hanglab::cli
