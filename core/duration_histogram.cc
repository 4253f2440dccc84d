#include "core/duration_histogram.hh"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hanglab {

// Below 2^(precision+1) a bucket is a nanosecond wide; above, each power of two has 2^precision of them.
std::size_t DurationHistogram::bucket_of(std::uint64_t nanoseconds) {
  const int shift = std::max(0, static_cast<int>(std::bit_width(nanoseconds)) - precision - 1);
  return (static_cast<std::size_t>(shift) << precision) + static_cast<std::size_t>(nanoseconds >> shift);
}

std::uint64_t DurationHistogram::upper_end(std::size_t bucket) {
  if (bucket < std::size_t{2} << precision) return bucket;
  const std::size_t shift = (bucket >> precision) - 1;
  const std::size_t leading = bucket - (shift << precision);
  return ((leading + 1) << shift) - 1;
}

void DurationHistogram::add(Duration duration) {
  const Duration size = duration < Duration(0) ? -duration : duration;
  ++counts_.at(bucket_of(static_cast<std::uint64_t>(size.count())));
  ++count_;
  worst_ = std::max(worst_, size);
}

Duration DurationHistogram::percentile(double percent) const {
  const auto wanted = static_cast<std::uint64_t>(std::ceil(static_cast<double>(count_) * percent / 100));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets; ++i) {
    seen += counts_[i];
    if (seen >= wanted && seen > 0)
      return std::min(worst_, Duration(static_cast<Duration::rep>(upper_end(i))));
  }
  return {};
}

}  // namespace hanglab
