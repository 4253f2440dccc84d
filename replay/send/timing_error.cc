#include "replay/send/timing_error.hh"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hanglab::replay {

// Below 2^(precision+1) a bucket is a nanosecond wide; above, each power of two has 2^precision of them.
std::size_t TimingError::bucket_of(std::uint64_t nanoseconds) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(nanoseconds)) - precision - 1);
  return (static_cast<std::size_t>(shift) << precision) + static_cast<std::size_t>(nanoseconds >> shift);
}

std::uint64_t TimingError::upper_end(std::size_t bucket) {
  if (bucket < std::size_t{2} << precision) return bucket;
  const std::size_t shift = (bucket >> precision) - 1;
  const std::size_t leading = bucket - (shift << precision);
  return ((leading + 1) << shift) - 1;
}

void TimingError::add(Duration error) {
  const Duration distance = error < Duration(0) ? -error : error;
  ++counts_.at(bucket_of(static_cast<std::uint64_t>(distance.count())));
  ++count_;
  worst_ = std::max(worst_, distance);
}

Duration TimingError::percentile(double percent) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0)
      return std::min(worst_, Duration(static_cast<Duration::rep>(upper_end(i))));
  }
  return {};
}

}  // namespace hanglab::replay
