#include "replay/capture_lookups.hh"

#include <algorithm>
#include <utility>

#include "core/error.hh"

namespace hanglab::replay {

namespace {
constexpr std::uint64_t packets_between = 4096;
}

CaptureReader::Step CaptureReading::next(CapturedPacket& packet) {
  try {
    return reader_.step(packet);
  } catch (const Error& damage) {
    summary_.damage = damage.what();
    return CaptureReader::Step::end;
  }
}

void CaptureReading::read(LookupFinder& finder, const std::function<bool()>& go_on) {
  CapturedPacket packet;
  for (std::uint64_t read = 1;; ++read) {
    const auto step = next(packet);
    if (step == CaptureReader::Step::end) return;
    if (step == CaptureReader::Step::packet) finder.add(packet);
    if (read % packets_between != 0 || !go_on || go_on()) continue;
    summary_.stopped = true;
    return;
  }
}

void CaptureReading::run(const LookupFinder::Take& take, const std::function<bool()>& go_on, bool attempts) {
  LookupFinder finder(take, {.attempts = attempts});
  read(finder, go_on);
  finder.finish(reader_.last_at());
  summary_.counts = reader_.counts();
  summary_.selection = reader_.selection();
  summary_.unplaced = finder.unplaced();
  summary_.first_at = reader_.first_at();
  summary_.last_at = reader_.last_at();
}

CaptureContents read_lookups(const std::string& path, const FrameSelectionOptions& selection) {
  CaptureReading reading(path, selection);
  CaptureContents contents;
  reading.run([&](CapturedLookup&& lookup) { contents.lookups.push_back(std::move(lookup)); });
  contents.summary = reading.summary();
  std::ranges::stable_sort(contents.lookups, {}, &CapturedLookup::start);
  return contents;
}

}  // namespace hanglab::replay
