#include "cli/tap_lookups.hh"

#include <algorithm>
#include <utility>

#include "cli/captured_words.hh"

namespace hanglab::cli {

TapLookups::TapLookups(std::size_t hosts) : taps_(hosts) {
  for (std::uint32_t host = 0; host < hosts; ++host)
    finders_.emplace_back([this, host](replay::CapturedLookup&& lookup) {
      found_.push_back({.host = host, .lookup = std::move(lookup)});
    });
}

void TapLookups::add(const PacketEvent& event) {
  if (const auto packet = taps_[event.host].add(event)) finders_[event.host].add(*packet);
}

std::vector<TapLookup> TapLookups::finish(Duration end, const std::function<bool(const TapLookup&)>& wanted) {
  for (auto& finder : finders_) finder.finish(end);
  std::erase_if(found_, [&](const TapLookup& found) { return !wanted(found); });
  std::ranges::stable_sort(found_, {}, [](const TapLookup& found) { return found.lookup.start; });
  return std::move(found_);
}

std::string TapLookups::unused(std::uint32_t host) const {
  replay::CaptureSummary summary;
  summary.counts = taps_[host].counts();
  summary.unplaced = finders_[host].unplaced();
  return unused_lines(summary);
}

}  // namespace hanglab::cli
