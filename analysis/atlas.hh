// Many programs under many faults, one cell each: how long a lookup hangs and how it ends, simulated and,
// where it was measured, real. Drawn as a picture (SVG), as a page (HTML) and as text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "analysis/agreement.hh"
#include "core/lookup.hh"

namespace hanglab::analysis {

// What the lookups of one world came to: the most frequent ending, and the median duration of all.
struct AtlasSide {
  std::size_t lookups = 0;
  Ending ending{};
  std::size_t so_ended = 0;  // how many of them
  Duration median{};

  bool hung() const { return ending.outcome == Outcome::hung; }
};

struct AtlasCell {
  std::optional<AtlasSide> simulated{};
  std::optional<AtlasSide> real{};
  std::optional<bool> agree{};  // in ending and duration, where both are there (analysis/agreement.hh)
  std::optional<bool> packets_agree{};  // in what passed each host, likewise (replay/exchange_agreement.hh)
  std::string first_difference{};       // of the packets
  std::string why{};  // what the simulated lookup of median duration tried (analysis/explain.hh)
};

struct AtlasRow {
  std::string fault;        // the scenario's name
  std::string description;  // its first line
  std::vector<AtlasCell> cells{};
};

struct Atlas {
  std::string made_by;  // command line and versions, a line each
  std::vector<std::string> clients{};
  std::vector<AtlasRow> rows{};

  std::size_t compared() const;
  std::size_t agreeing() const;
  std::size_t agreeing_in_packets() const;
  // "131 of 132 cells agree with the real world in ending and duration, 130 in packets"
  std::string agreement_words() const;
};

// Throws Error where there is none.
AtlasSide sum_up(std::span<const Lookup> lookups);

// "129.50 s", "hung at 300 s"
std::string duration_words(const AtlasSide& side);
// "EAI_AGAIN", "29 addresses", "still waiting"; where not all ended so, with their share: "EAI_AGAIN (70 %)"
std::string ending_words(const AtlasSide& side);

std::string atlas_text(const Atlas& atlas);
std::string atlas_svg(const Atlas& atlas);
std::string atlas_html(const Atlas& atlas);

}  // namespace hanglab::analysis
