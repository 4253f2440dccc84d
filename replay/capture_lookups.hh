// The lookups of a capture file, from the first packet to the last or to its damage.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/time.hh"
#include "replay/capture_reader.hh"
#include "replay/captured_lookup.hh"
#include "replay/lookup_finder.hh"
#include "replay/read_ahead.hh"

namespace hanglab::replay {

// What was read besides lookups.
struct CaptureSummary {
  CaptureCounts counts;
  FrameSelectionCounts selection;
  UnplacedTraffic unplaced;
  Duration first_at{};  // of all packets selected, since 1970
  Duration last_at{};
  std::optional<std::string> damage{};  // why reading stopped before the end of the file
  bool stopped = false;                 // by `go_on`
};

// In bounded memory, whatever the size of the file, which a thread of its own reads.
class CaptureReading {
 public:
  // Throws InputError as CaptureReader.
  explicit CaptureReading(const std::string& path, const FrameSelectionOptions& selection = {})
      : reader_(path, selection), progress_(reader_.progress()) {}

  // Gives the lookups in the order of their ends. `go_on` is asked every few thousand packets. Once.
  // `attempts`: whether they tell theirs.
  void run(const LookupFinder::Take& take, const std::function<bool()>& go_on = {}, bool attempts = true);

  // As of the lookup at hand.
  const FileProgress& progress() const { return progress_; }
  Duration first_at() const { return first_at_; }  // since 1970
  const CaptureSummary& summary() const { return summary_; }

 private:
  struct Packets {
    std::vector<CapturedPacket> room{};
    std::size_t used = 0;
    FileProgress progress{};
    Duration first_at{};

    void clear() { used = 0; }
  };

  bool fill(Packets& packets);
  const Packets* next(ReadAhead<Packets>& ahead);
  void read(LookupFinder& finder, const std::function<bool()>& go_on);

  CaptureReader reader_;
  FileProgress progress_;
  Duration first_at_{};
  CaptureSummary summary_;
};

// All of them at once, by the time of their first packet.
struct CaptureContents {
  std::vector<CapturedLookup> lookups;
  CaptureSummary summary;
};
CaptureContents read_lookups(const std::string& path, const FrameSelectionOptions& selection = {});

}  // namespace hanglab::replay
