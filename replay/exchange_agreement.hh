// Whether what passed a host in real runs also passes it in simulated ones. Where chance decides (loss,
// random rules), runs of one world differ among themselves: a real exchange agrees if any simulated run shows
// the same (replay/packet_comparison.hh says what is the same). How many real ones show none is held against
// how many simulated ones stand alone among their own kind.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "replay/packet_comparison.hh"

namespace hanglab::replay {

class ExchangeAgreement {
 public:
  explicit ExchangeAgreement(Duration race) : race_(race) {}

  void add_simulated(Exchange exchange);  // all of them first
  void add_real(const Exchange& exchange);

  std::size_t simulated() const { return simulated_; }
  std::size_t simulated_alone() const;  // that no other simulated run shows
  std::size_t real() const { return real_; }
  std::size_t real_alone() const { return real_alone_; }  // that no simulated run shows
  std::size_t steps() const { return steps_; }            // of the longest real exchange
  // Of the first real exchange that is alone, against the simulated one that it parts from last.
  const std::string& difference() const { return difference_; }

 private:
  struct Kind {
    Exchange exchange;
    std::size_t runs = 1;
  };

  Duration race_;
  std::vector<Kind> kinds_;
  std::size_t simulated_ = 0;
  std::size_t real_ = 0;
  std::size_t real_alone_ = 0;
  std::size_t steps_ = 0;
  std::string difference_;
};

}  // namespace hanglab::replay
