// What `replay` against a server tells at the end, besides its table: how many lookups and queries, how late
// they were, who hung.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/duration_histogram.hh"
#include "sockets/lookup_player.hh"

namespace hanglab::cli {

class ReplayTally {
 public:
  void add(const sockets::PlayedLookup& played);

  std::uint64_t begun() const { return begun_; }
  std::uint64_t queries() const { return queries_; }  // datagrams and SYNs that left
  // Of the first lookup that sent nothing: its error, and how it came.
  const std::string& a_failure() const { return a_failure_; }
  std::string text(bool timed) const;  // `timed`: there were times to keep

 private:
  std::uint64_t begun_ = 0;
  std::uint64_t queries_ = 0;
  std::uint64_t hung_ = 0;
  Duration first_{};  // began, of all lookups
  Duration last_{};
  DurationHistogram late_{};
  std::vector<std::string> hanging_{};
  std::string a_failure_{};
};

}  // namespace hanglab::cli
