#include "cli/frame_pipeline.hh"

namespace hanglab::cli {

namespace {

constexpr std::size_t frames_of_a_block = 256;

void append(replay::FrameBlock& block, std::span<const std::uint8_t> octets, Duration due) {
  block.frames.push_back({.at = block.bytes.size(), .size = octets.size(), .due = due});
  block.bytes.insert(block.bytes.end(), octets.begin(), octets.end());
}

}  // namespace

FramePipeline::FramePipeline(Open open, std::uint64_t loops, replay::Rewriter rewriter,
                             FrameImpairment impairment, replay::Pace pace)
    : open_(std::move(open)),
      source_(open_()),
      loops_left_(loops - 1),
      rewriter_(std::move(rewriter)),
      impairment_(std::move(impairment)),
      pace_(pace) {}

bool FramePipeline::read(replay::CapturedFrame& frame) {
  while (!source_(frame)) {
    if (loops_left_ == 0 || counts_.read == 0) return false;
    --loops_left_;
    source_ = open_();
    pace_.begin_again();
  }
  if (counts_.read++ == 0) first_at_ = frame.at;
  return true;
}

bool FramePipeline::fill(replay::FrameBlock& block) {
  while (block.frames.size() < frames_of_a_block) {
    if (!read(frame_)) {
      release(Duration::max(), block);
      return false;
    }
    take(frame_, block);
  }
  return true;
}

FrameCounts FramePipeline::counts() const {
  FrameCounts counts = counts_;
  counts.fragmented = rewriter_.fragmented();
  counts.checksums_put_right = rewriter_.checksums_put_right();
  return counts;
}

void FramePipeline::take(const replay::CapturedFrame& frame, replay::FrameBlock& block) {
  made_.clear();
  if (const auto refusal = rewriter_.rewrite(frame, made_)) {
    ++counts_.left_out[to_string(*refusal)];
    return;
  }
  for (const auto& made : made_.frames) {
    const auto octets = made_.octets(made);
    const Duration due = pace_.due(frame.at, octets.size());
    switch (impairment_.fate(octets, due)) {
      case FrameImpairment::Fate::dropped_by_rule: ++counts_.left_out["dropped by a rule"]; break;
      case FrameImpairment::Fate::lost: ++counts_.left_out["lost by --loss"]; break;
      case FrameImpairment::Fate::sent:
        if (impairment_.reorders())
          overtaken_.emplace(due + impairment_.extra_delay(), std::vector(octets.begin(), octets.end()));
        else
          append(block, octets, due + impairment_.extra_delay());
    }
    if (impairment_.reorders()) release(due + impairment_.least_delay(), block);
  }
}

void FramePipeline::release(Duration until, replay::FrameBlock& block) {
  while (!overtaken_.empty() && overtaken_.begin()->first <= until) {
    append(block, overtaken_.begin()->second, overtaken_.begin()->first);
    overtaken_.erase(overtaken_.begin());
  }
}

}  // namespace hanglab::cli
