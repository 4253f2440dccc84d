#include "replay/capture_lookups.hh"

#include <algorithm>
#include <utility>

#include "core/error.hh"

namespace hanglab::replay {

namespace {
constexpr std::size_t packets_a_block = 512;
constexpr std::size_t frames_a_block = 4096;
constexpr std::size_t blocks_ahead = 4;
}  // namespace

bool CaptureReading::fill(Packets& packets) {
  packets.room.resize(packets_a_block);
  for (std::size_t frames = 0; frames < frames_a_block && packets.used < packets_a_block; ++frames) {
    packets.progress = reader_.progress();
    const auto step = reader_.step(packets.room[packets.used]);
    packets.first_at = reader_.first_at();
    if (step == CaptureReader::Step::end) return false;
    if (step == CaptureReader::Step::packet) ++packets.used;
  }
  return true;
}

const CaptureReading::Packets* CaptureReading::next(ReadAhead<Packets>& ahead) {
  try {
    return ahead.next();
  } catch (const Error& damage) {
    summary_.damage = damage.what();
    return nullptr;
  }
}

void CaptureReading::read(LookupFinder& finder, const std::function<bool()>& go_on) {
  ReadAhead<Packets> ahead([this](Packets& packets) { return fill(packets); }, blocks_ahead);
  while (const Packets* packets = next(ahead)) {
    progress_ = packets->progress;
    first_at_ = packets->first_at;
    for (std::size_t i = 0; i < packets->used; ++i) finder.add(packets->room[i]);
    if (!go_on || go_on()) continue;
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
