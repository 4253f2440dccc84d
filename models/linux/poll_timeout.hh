// How late poll(2) may return after its timeout: by 0.1 % of it, at least 50 us and at most 100 ms. An idle
// machine has no reason to wake before. Source: Linux 6.18, fs/select.c, select_estimate_accuracy.
#pragma once

#include <algorithm>

#include "core/time.hh"

namespace hanglab::kernel {

constexpr Duration poll_slack(Duration timeout) {
  using namespace std::chrono_literals;
  return std::clamp<Duration>(timeout / 1000, 50us, 100ms);
}

}  // namespace hanglab::kernel
