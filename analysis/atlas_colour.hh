// The colour of a hang: on a logarithmic scale from a millisecond, which nobody notices, to five minutes,
// when everybody has gone. Hung cells are black, whatever the clock said when they were given up.
#pragma once

#include <string>

#include "analysis/atlas.hh"

namespace hanglab::analysis {

struct Colour {
  std::string background;  // "#fee8c8"
  std::string text;        // readable on it
};

Colour colour_of(const AtlasSide& side);

// Of a text within a document: &, <, > and quotes.
std::string escaped(const std::string& text);

}  // namespace hanglab::analysis
