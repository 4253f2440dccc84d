// From the frames of a capture to blocks of frames that are ready to be sent: rewritten, impaired, each with
// its deadline, in the order of those. Whatever is not sent is counted by its reason.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cli/frame_impairment.hh"
#include "replay/send/pace.hh"
#include "replay/send/rewriter.hh"

namespace hanglab::cli {

struct FrameCounts {
  std::uint64_t read = 0;
  std::uint64_t fragmented = 0;
  std::uint64_t checksums_put_right = 0;
  std::map<std::string, std::uint64_t> left_out{};  // by reason
};

class FramePipeline {
 public:
  // Gives the capture's next frame; false at its end. May throw what stands against reading on.
  using Source = std::function<bool(replay::CapturedFrame&)>;
  // Opens the capture once more, for the next loop.
  using Open = std::function<Source()>;

  FramePipeline(Open open, std::uint64_t loops, replay::Rewriter rewriter, FrameImpairment impairment,
                replay::Pace pace);

  // Appends some hundred frames; false when these were the last.
  bool fill(replay::FrameBlock& block);

  FrameCounts counts() const;
  Duration first_captured_at() const { return first_at_; }  // of the first frame that was read

 private:
  bool read(replay::CapturedFrame& frame);
  void take(const replay::CapturedFrame& frame, replay::FrameBlock& block);
  void release(Duration until, replay::FrameBlock& block);

  Open open_;
  Source source_;
  std::uint64_t loops_left_;
  replay::Rewriter rewriter_;
  FrameImpairment impairment_;
  replay::Pace pace_;
  replay::CapturedFrame frame_{};
  replay::FrameBlock made_{};
  std::multimap<Duration, std::vector<std::uint8_t>> overtaken_{};  // by deadline, while others may pass them
  FrameCounts counts_{};
  Duration first_at_{};
};

}  // namespace hanglab::cli
