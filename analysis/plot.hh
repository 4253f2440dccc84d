// Pictures of hang durations for a report, 800 pixels wide, as .svg or .png by the file's name. Colours are
// those of M. Okabe and K. Ito ("Color Universal Design", 2008), told apart with any kind of colour vision.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "core/lookup.hh"
#include "records/results.hh"

namespace hanglab::analysis {

struct Picture {
  std::string script{};  // for gnuplot
  int width = 800;
  int height = 480;
};

// The share of lookups still hanging after t, one Kaplan-Meier curve a result; crosses mark lookups whose end
// was not seen. Throws InputError where there is no lookup to draw.
Picture survival_picture(std::span<const records::Results> results);
void plot_survival(std::span<const records::Results> results, const std::filesystem::path& file);

// One lookup as a waterfall: a row an attempt, with each query or SYN sent and how it ended.
Picture timeline_picture(const Lookup& lookup);
void plot_timeline(const Lookup& lookup, const std::filesystem::path& file);

}  // namespace hanglab::analysis
