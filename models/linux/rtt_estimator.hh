// Round-trip time and retransmission timeout as Linux keeps them: RTO = srtt + max(4 mdev, 200 ms),
// one second before the first sample, doubled by each timeout up to 120 s.
// Source: RFC 6298; Linux net/ipv4/tcp_input.c (tcp_rtt_estimator), include/net/tcp.h (TCP_RTO_MIN,
// TCP_RTO_MAX, TCP_TIMEOUT_INIT).
#pragma once

#include <algorithm>
#include <optional>

#include "core/time.hh"

namespace hanglab::kernel {

constexpr Duration rto_min = std::chrono::milliseconds(200);
constexpr Duration rto_max = std::chrono::seconds(120);
constexpr Duration rto_initial = std::chrono::seconds(1);

class RttEstimator {
 public:
  void sample(Duration rtt) {
    if (!srtt_) {
      srtt_ = rtt;
      four_mdev_ = 2 * rtt;
    } else {
      const Duration error = rtt - *srtt_;
      *srtt_ += error / 8;
      four_mdev_ += std::chrono::abs(error) - four_mdev_ / 4;
    }
  }

  std::optional<Duration> smoothed() const { return srtt_; }
  Duration timeout() const {
    return srtt_ ? std::min(*srtt_ + std::max(four_mdev_, rto_min), rto_max) : rto_initial;
  }

 private:
  std::optional<Duration> srtt_;
  Duration four_mdev_{};  // four times the mean deviation
};

}  // namespace hanglab::kernel
