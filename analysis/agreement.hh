// Whether simulated lookups are as real ones are: a row for each host, client and name, with how the lookups
// ended and how long they took on both sides.
//
// Endings (outcome, error, number of addresses) agree unless for one of them Fisher's exact test tells the
// shares apart at 5 %, divided by the number of different endings. Durations agree unless the
// Kolmogorov-Smirnov test tells the distributions apart at 5 %, with durations that differ by no more than a
// tolerance taken as equal: the simulation knows a host's kernel, but not how busy its processors are. One
// real lookup among a hundred simulated ones can be told apart, too, if it lies outside of them all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "core/lookup.hh"

namespace hanglab::analysis {

constexpr double significance = 0.05;

struct Ending {
  Outcome outcome = Outcome::hung;
  std::string error{};
  std::size_t addresses = 0;

  bool operator==(const Ending&) const = default;
};

// "answered, 255 addresses", "EAI_AGAIN", "hung"
std::string to_string(const Ending& ending);

struct EndingShare {
  Ending ending{};
  std::size_t simulated = 0;
  std::size_t real = 0;
  double p = 1;  // Fisher's exact test
};

struct Agreement {
  std::string host;
  std::string client;
  std::string name;
  std::vector<EndingShare> endings{};  // the most frequent of the real ones first
  std::vector<Duration> simulated{};   // sorted; a hung lookup's is as long as it was watched
  std::vector<Duration> real{};
  double distance = 0;            // Kolmogorov-Smirnov
  double tolerated_distance = 0;  // with the tolerance
  double p = 1;                   // of the latter

  bool endings_agree() const;
  bool durations_agree() const { return p >= significance; }
  bool agree() const { return endings_agree() && durations_agree(); }
};

// Rows in the order of the simulated lookups. Up to `hosts_apart` hosts with the same client and name have a
// row each, more of them share one, whose host reads "100 hosts". Throws Error where one side lacks what the
// other has.
std::vector<Agreement> compare(std::span<const Lookup> simulated, std::span<const Lookup> real,
                               Duration tolerance, std::size_t hosts_apart = 4);

}  // namespace hanglab::analysis
