// What a person reads first of a capture: who hung, for how long, on what; then how the others fared, and
// what could not be read. Takes the lookups one by one, in bounded memory: of few it tells each, of many
// those that hung, alike ones together.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "core/duration_histogram.hh"
#include "replay/capture_lookups.hh"
#include "replay/captured_lookup.hh"
#include "replay/endpoint_hash.hh"

namespace hanglab::cli {

class InspectReport {
 public:
  void add(const replay::CapturedLookup& lookup);
  std::size_t lookups() const { return lookups_; }

  std::string text(const std::string& file, const replay::CaptureSummary& summary) const;

 private:
  // Lookups of one client for one name that went the same way.
  struct Group {
    std::size_t lookups = 0;
    replay::CapturedLookup longest{};
  };
  using Groups = std::unordered_map<std::string, Group>;

  static void add_to(Groups& groups, std::size_t& others, const replay::CapturedLookup& lookup);
  static std::string group_lines(const char* title, const Groups& groups, std::size_t others,
                                 Duration capture_end);
  std::string totals() const;

  std::size_t lookups_ = 0;
  std::size_t answered_ = 0;
  std::size_t failed_ = 0;
  std::size_t endless_ = 0;
  std::size_t truncated_ = 0;
  std::array<std::size_t, 5> truncated_by_tcp_{};  // by TcpEnd
  DurationHistogram answered_in_;
  std::unordered_set<IpAddress, replay::EndpointHash> clients_;
  Groups hung_;
  std::size_t others_hung_ = 0;  // for which there is no room
  Groups slow_;
  std::size_t others_slow_ = 0;
  std::vector<replay::CapturedLookup> first_;
};

}  // namespace hanglab::cli
