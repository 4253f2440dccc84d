// `replay` onto a wire: the frames of a capture, rewritten and impaired, at their times.
#pragma once

#include <string>

#include "cli/frame_options.hh"
#include "replay/read/frame_selection.hh"

namespace hanglab::cli {

int replay_frames(const std::string& capture, const replay::FrameSelectionOptions& selection,
                  const FrameOptions& options, std::uint64_t seed);

}  // namespace hanglab::cli
