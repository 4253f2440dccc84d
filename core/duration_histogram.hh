// Percentiles of any number of durations in bounded memory: a histogram whose buckets are at most 1/64 of
// their value wide, as HdrHistogram's are.
#pragma once

#include <array>
#include <cstdint>

#include "core/time.hh"

namespace hanglab {

class DurationHistogram {
 public:
  // A negative one counts by its size: of timing errors, those that were early.
  void add(Duration duration);

  std::uint64_t count() const { return count_; }
  // So many hundredths of all are at most this long: the upper end of its bucket. Zero of none.
  Duration percentile(double percent) const;
  Duration worst() const { return worst_; }

 private:
  static constexpr int precision = 6;  // bits
  static constexpr std::size_t buckets = (64 - precision) << precision;

  static std::size_t bucket_of(std::uint64_t nanoseconds);
  static std::uint64_t upper_end(std::size_t bucket);

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  Duration worst_{};
};

}  // namespace hanglab
