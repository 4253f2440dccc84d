// Which frames of a capture are wanted: those within a span of time that a filter in the language of
// pcap-filter(7) matches, up to a number of them. What is left out is counted by why.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "replay/captured_frame.hh"
#include "replay/read/time_bound.hh"

struct bpf_program;

namespace hanglab::replay {

struct FrameSelectionOptions {
  std::string filter{};  // empty: all
  std::optional<TimeBound> from{};
  std::optional<TimeBound> to{};         // exclusive
  std::optional<std::uint64_t> limit{};  // of frames that are wanted
};

struct FrameSelectionCounts {
  std::uint64_t selected = 0;
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  std::uint64_t filtered = 0;
  std::uint64_t not_filterable = 0;  // the filter has no meaning for the frame's link type
  std::uint64_t beyond_limit = 0;

  bool operator==(const FrameSelectionCounts&) const = default;
};

class FrameSelection {
 public:
  // Throws InputError for a filter that no link type gives a meaning to.
  explicit FrameSelection(FrameSelectionOptions options);

  // To be asked about each frame of the file, in order.
  bool wants(const CapturedFrame& frame);
  // The limit is reached: no later frame will be wanted.
  bool done() const { return options_.limit && counts_.selected >= *options_.limit; }
  const FrameSelectionCounts& counts() const { return counts_; }

 private:
  struct Free {
    void operator()(bpf_program* program) const;
  };
  using Program = std::unique_ptr<bpf_program, Free>;

  // Null if the filter has no meaning for the link type; `problem` says why then.
  Program compile(int link_type, std::string& problem) const;
  const Program& program_for(int link_type);
  Duration since_1970(const TimeBound& bound) const;

  FrameSelectionOptions options_;
  FrameSelectionCounts counts_;
  std::optional<Duration> first_at_;
  std::map<int, Program> programs_;  // by link type
};

}  // namespace hanglab::replay
